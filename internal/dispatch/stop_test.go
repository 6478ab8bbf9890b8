package dispatch_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

func TestStopWaitsForWhatIsPublished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.add(10, 0)
		q := &fakeQueue{window: 2}
		q.publish = func(ctx context.Context, j media.Job) error {
			store.begin(j)
			time.Sleep(30 * time.Second)
			store.finish(j)
			return ctx.Err()
		}
		stop := run(t, store, q, func(c *dispatch.Config) { c.DrainTimeout = time.Minute })
		synctest.Wait()
		stop()
		if q.total() != 2 || store.left() != 8 || store.count(media.Out) != 0 {
			t.Errorf("%d published, want 2; %d left, want 8; %d of them out, want 0", q.total(), store.left(), store.count(media.Out))
		}
	})
}

func TestStopCutsOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.add(3, 0)
		q := &fakeQueue{window: 2, publish: func(ctx context.Context, _ media.Job) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}}
		stop := run(t, store, q, func(c *dispatch.Config) { c.DrainTimeout = time.Minute })
		synctest.Wait()
		stopped := time.Now()
		stop()
		if d := time.Since(stopped); d != time.Minute {
			t.Errorf("stopped after %v, want the drain timeout", d)
		}
		if store.left() != 3 || store.count(media.Out) != 0 {
			t.Errorf("%d left, %d out: want all back at once", store.left(), store.count(media.Out))
		}
	})
}

// TestNothingIsLost lets dispatchers come and go over a store and a queue that
// fail at random, where handlers return without having begun: every image is
// done once.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		total := rapid.IntRange(1, 150).Draw(rt, "images")
		window := rapid.IntRange(1, 20).Draw(rt, "window")
		refusals := rapid.IntRange(0, 60).Draw(rt, "refusals in 100")
		outages := rapid.SliceOfN(rapid.Bool(), 4, 8).Draw(rt, "store down")
		seed := rapid.Uint64().Draw(rt, "seed")
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			random := rand.New(rand.NewPCG(seed, 0))
			dice := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return random.IntN(n)
			}
			store := newFakeStore()
			store.add(total, 0)
			q := &fakeQueue{window: window}
			q.publish = func(ctx context.Context, j media.Job) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Duration(dice(3000)) * time.Millisecond):
				}
				if dice(100) >= refusals {
					return done(store)(ctx, j)
				}
				if dice(2) == 0 {
					return fault.New(fault.Unavailable, "down")
				}
				return errors.New("cannot digest this one")
			}
			cfg := func(c *dispatch.Config) {
				c.Life, c.RetryMax, c.StoreTimeout, c.DrainTimeout = 2*time.Second, 5*time.Second, time.Second, time.Second
			}
			for _, down := range outages {
				stop := run(t, store, q, cfg)
				time.Sleep(time.Duration(dice(4000)) * time.Millisecond)
				store.setDown(down)
				time.Sleep(time.Duration(dice(4000)) * time.Millisecond)
				stop() // the store is down for some of these
				store.setDown(false)
			}
			stop := run(t, store, q, cfg)
			for waited := 0; store.left() > 0; waited++ {
				if waited > 3600 {
					t.Fatalf("%d of %d images are not done after an hour", store.left(), total)
				}
				time.Sleep(time.Second)
			}
			stop()
			for id, r := range store.rows {
				if r.done != 1 {
					t.Errorf("image %d was done %d times", id, r.done)
				}
			}
		})
	})
}
