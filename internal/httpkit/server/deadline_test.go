package server //nolint:testpackage // the context is the package's own

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type key struct{}

// TestDeadline: it is as one of context.WithTimeout, whether someone waits before or after its end.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, with := range []func(context.Context, time.Duration) (context.Context, context.CancelFunc){context.WithTimeout, withTimeout} {
		for _, early := range []bool{true, false} {
			for name, end := range map[string]struct {
				do   func(cancel, parent context.CancelFunc)
				want error
			}{
				"its time":       {func(_, _ context.CancelFunc) { time.Sleep(time.Minute) }, context.DeadlineExceeded},
				"its cancel":     {func(cancel, _ context.CancelFunc) { cancel(); cancel() }, context.Canceled},
				"its parent":     {func(_, parent context.CancelFunc) { parent() }, context.Canceled},
				"none, as yet":   {func(_, _ context.CancelFunc) { time.Sleep(time.Minute - 1) }, nil},
				"both, in order": {func(cancel, _ context.CancelFunc) { time.Sleep(time.Minute + 1); cancel() }, context.DeadlineExceeded},
			} {
				synctest.Test(t, func(t *testing.T) {
					parent, stop := context.WithCancel(context.WithValue(t.Context(), key{}, 7))
					ctx, cancel := with(parent, time.Minute)
					at, _ := ctx.Deadline()
					if left := time.Until(at); left != time.Minute {
						t.Errorf("%s: ends in %s", name, left)
					}
					child, free := ctx, func() {}
					if early {
						child, free = context.WithCancel(ctx)
					}
					end.do(cancel, stop)
					synctest.Wait()
					if err := ctx.Err(); !errors.Is(err, end.want) && (early || !errors.Is(end.want, context.DeadlineExceeded) || err == nil) {
						t.Errorf("%s, early %t: %v, not %v", name, early, err, end.want)
					}
					if !early {
						child, free = context.WithCancel(ctx)
					}
					defer free()
					if (child.Err() == nil) != (end.want == nil) {
						t.Errorf("%s, early %t: a context made of it: %v", name, early, child.Err())
					}
					select {
					case <-ctx.Done():
						if end.want == nil {
							t.Errorf("%s: done", name)
						}
					default:
						if end.want != nil {
							t.Errorf("%s, early %t: not done", name, early)
						}
					}
					if ctx.Value(key{}) != 7 || context.WithoutCancel(ctx).Value(key{}) != 7 {
						t.Errorf("%s: it has lost its values", name)
					}
					cancel()
					stop()
				})
			}
		}
	}
}

// TestDeadlineTogether is for the race detector: whoever waits is told of the end.
func TestDeadlineTogether(t *testing.T) {
	t.Parallel()
	for range 200 {
		ctx, cancel := withTimeout(t.Context(), time.Hour)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				<-ctx.Done()
				if ctx.Err() == nil {
					t.Error("done without an error")
				}
			})
		}
		group.Go(cancel)
		group.Wait()
	}
}

//nolint:paralleltest // allocations are counted
func TestDeadlineOfNoOneCostsLittle(t *testing.T) {
	parent := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		ctx, cancel := withTimeout(parent, time.Minute)
		_ = ctx.Err()
		cancel()
	}); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
