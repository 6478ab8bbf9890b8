package server //nolint:testpackage // the context is the package's own

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type key struct{}

// limitedLater is withTimeout of a context that has no limit at first, as that of each request.
func limitedLater(parent context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	d := &deadline{Context: parent}
	d.within(limit)
	return d, d.cancel
}

// TestUnlimited: without a limit it ends with its cancel or its parent, whether someone waits before or after that, and is
// given one once only.
func TestUnlimited(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(cancel, parent context.CancelFunc){
		"its cancel": func(cancel, _ context.CancelFunc) { cancel() }, "its parent": func(_, parent context.CancelFunc) { parent() },
	} {
		for _, early := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				parent, stop := context.WithCancel(t.Context())
				defer stop()
				d := &deadline{Context: parent}
				if _, limited := d.Deadline(); limited || d.Err() != nil {
					t.Errorf("it has a limit: %t, %v", limited, d.Err())
				}
				child, free := context.Context(d), func() {}
				if early {
					child, free = context.WithCancel(d)
				}
				defer func() { free() }()
				time.Sleep(24 * time.Hour)
				if child.Err() != nil {
					t.Errorf("%s, early %t: it has ended by itself: %v", name, early, child.Err())
				}
				end(d.cancel, stop)
				synctest.Wait()
				<-d.Done()
				if !errors.Is(d.Err(), context.Canceled) || !errors.Is(child.Err(), context.Canceled) {
					t.Errorf("%s, early %t: %v, %v", name, early, d.Err(), child.Err())
				}
			})
		}
	}
	r := (&http.Request{}).WithContext(&deadline{Context: t.Context()})
	same, _ := bounded(r)
	other, cancel := bounded(same)
	defer cancel()
	if same != r || other == r {
		t.Error("a request is another one with its first limit, or the same with its second")
	}
	if at, limited := same.Context().Deadline(); !limited || time.Until(at) > requestTimeout {
		t.Errorf("it ends at %s, %t", at, limited)
	}
}

// TestDeadline: it is as one of context.WithTimeout, whether someone waits before or after its end.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, with := range []func(context.Context, time.Duration) (context.Context, context.CancelFunc){context.WithTimeout, withTimeout, limitedLater} {
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
		ctx, cancel := limitedLater(t.Context(), time.Hour)
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
