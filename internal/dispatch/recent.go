package dispatch

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"
)

// recentLife is for how long what was read is given out: it is read once in that
// time, however many ask.
const recentLife = time.Second

// recent is what was read last. The zero value has read nothing; it is safe for concurrent use.
type recent[T any] struct {
	reading singleflight.Group // one at a time, which has the rest to itself
	last    T
	read    time.Time
}

// get returns what was read within recentLife, or else reads it. One that leaves ends no other's reading. An
// error is not kept.
func (r *recent[T]) get(ctx context.Context, operation string, read func(context.Context) (T, error)) (T, error) {
	reading := r.reading.DoChan("", func() (any, error) {
		if !r.read.IsZero() && time.Since(r.read) < recentLife {
			return r.last, nil
		}
		found, err := read(context.WithoutCancel(ctx))
		if err == nil {
			r.last, r.read = found, time.Now()
		}
		return found, err
	})
	select {
	case done := <-reading:
		found, _ := done.Val.(T)
		return found, done.Err
	case <-ctx.Done():
		var none T
		return none, fmt.Errorf("%s: %w", operation, ctx.Err())
	}
}
