// Package recent shares what was read a short time ago, so that it is read once however many ask.
package recent

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Value is what was read last. The zero value has read nothing. It is safe for concurrent use.
type Value[T any] struct {
	reading singleflight.Group

	mu   sync.Mutex
	last T
	at   time.Time // when the reading of it began; zero: nothing was read
}

// Get returns what was read last where that began less than age ago, as that is how old it may be, or else reads it:
// once for all who ask meanwhile. An error is returned to all of them, and not kept. Where ctx is done first, Get
// returns its cause, and the reading goes on for the others: read gets a context that does not end, and bounds its own
// time. What is returned is shared: no caller changes it.
func (v *Value[T]) Get(ctx context.Context, age time.Duration, read func(context.Context) (T, error)) (T, error) {
	if last, ok := v.known(age); ok {
		return last, nil
	}
	reading := v.reading.DoChan("", func() (any, error) {
		if last, ok := v.known(age); ok { // it was read since
			return last, nil
		}
		began := time.Now()
		found, err := read(context.WithoutCancel(ctx))
		if err == nil {
			v.keep(found, began)
		}
		return found, err
	})
	select {
	case done := <-reading:
		found, _ := done.Val.(T)
		return found, done.Err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

func (v *Value[T]) known(age time.Duration) (T, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last, !v.at.IsZero() && time.Since(v.at) < age
}

func (v *Value[T]) keep(found T, began time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.last, v.at = found, began
}
