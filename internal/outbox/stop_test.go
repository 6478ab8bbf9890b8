package outbox_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/outbox"
)

func TestStopWaitsForDeliveries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, j := newFakeStore(), newJournal()
		store.add(topic, 10, 0)
		f := run(t, store, 2, outbox.RelayConfig{DrainTimeout: time.Minute}, func(ctx context.Context, id int64) error {
			j.note(id)
			<-time.After(30 * time.Second)
			return ctx.Err()
		})
		synctest.Wait()
		f.finish(t)
		if j.total() != 2 || store.left() != 8 || store.leasedNow() != 0 {
			t.Errorf("%d deliveries, want 2; %d left, want 8; %d leased, want 0", j.total(), store.left(), store.leasedNow())
		}
	})
}

func TestStopCutsOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.add(topic, 3, 0)
		f := run(t, store, 2, outbox.RelayConfig{DrainTimeout: time.Minute}, func(ctx context.Context, _ int64) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		synctest.Wait()
		stopped := time.Now()
		f.finish(t)
		if d := time.Since(stopped); d != time.Minute {
			t.Errorf("stopped after %v, want the drain timeout", d)
		}
		if store.left() != 3 || store.leasedNow() != 0 {
			t.Errorf("%d left, %d leased: want all back at once", store.left(), store.leasedNow())
		}
	})
}

func TestStopWithoutStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.add(topic, 3, 0)
		f := run(t, store, 3, outbox.RelayConfig{StoreTimeout: 5 * time.Second}, func(context.Context, int64) error {
			store.setDown(true)
			return nil
		})
		synctest.Wait()
		stopped := time.Now()
		f.finish(t)
		if d := time.Since(stopped); d > 6*time.Second {
			t.Errorf("the stop took %v", d)
		}
	})
}

// TestNothingIsLost lets relays come and go over a store and a target that fail
// at random: every message is delivered, and none is deleted before.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		total := rapid.IntRange(1, 150).Draw(rt, "messages")
		window := rapid.IntRange(1, 20).Draw(rt, "window")
		batch := rapid.IntRange(1, 20).Draw(rt, "batch")
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
			store.add(topic, total, 0)
			deliver := func(ctx context.Context, _ int64) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Duration(dice(3000)) * time.Millisecond):
				}
				if dice(100) >= refusals {
					return nil
				}
				if dice(2) == 0 {
					return fault.New(fault.Unavailable, "down")
				}
				return errDefect
			}
			cfg := outbox.RelayConfig{
				Batch: batch, Lease: 5 * time.Second, RetryMax: 5 * time.Second,
				StoreTimeout: time.Second, DrainTimeout: time.Second,
			}
			for _, down := range outages {
				f := run(t, store, window, cfg, deliver)
				<-time.After(time.Duration(dice(4000)) * time.Millisecond)
				store.setDown(down)
				<-time.After(time.Duration(dice(4000)) * time.Millisecond)
				f.finish(t) // the store is down for some of these
				store.setDown(false)
			}
			f := run(t, store, window, cfg, deliver)
			for waited := 0; store.left() > 0; waited++ {
				if waited > 3600 {
					t.Fatalf("%d of %d messages still there after an hour", store.left(), total)
				}
				<-time.After(time.Second)
			}
			f.finish(t)
			if n := len(store.delivered); n != total {
				t.Errorf("%d of %d messages delivered", n, total)
			}
		})
	})
}
