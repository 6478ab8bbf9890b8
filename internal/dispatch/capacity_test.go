package dispatch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
)

// TestWorkersComeAndGo: what waits for a worker is little more than the free slots of
// those that are alive, and little where there is none.
func TestWorkersComeAndGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.setSlots(0)
		store.add(1000, -time.Minute)
		b := &broker{}
		q := b.queue(500)
		var running []media.Job // begun
		stop := run(t, store, q, func(c *dispatch.Config) { c.Depth, c.Life = 100, time.Hour })
		begin := func(n int) {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, j := range b.waiting[:n] {
				store.begin(j)
			}
			running, b.waiting = append(running, b.waiting[:n]...), b.waiting[n:]
		}
		end := func(n int) {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, j := range running[:n] {
				store.finish(j)
			}
			running = running[n:]
		}
		want := func(what string, n int) {
			t.Helper()
			time.Sleep(3 * time.Second)
			b.mu.Lock()
			defer b.mu.Unlock()
			if len(b.waiting) != n {
				t.Errorf("%s: %d wait, want %d", what, len(b.waiting), n)
			}
		}
		want("no worker", 2)
		store.setSlots(16)
		want("a worker with 16 slots, two of them for other users", 14)
		begin(14)
		want("it is full", 0)
		end(5)
		want("five slots are free", 5)
		store.setSlots(32) // another
		want("a second worker", 5+14)
		store.setSlots(16)
		begin(7)
		want("the first is gone, what waits was dispatched before", 5+14-7)
		end(16)
		want("the other is idle", 14)
		store.setSlots(3000)
		want("many slots: QUEUE_DEPTH bounds them", 100)
		stop()
	})
}

// TestSlotsUnknown: where the slots cannot be read, the last that were known count.
func TestSlotsUnknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &failingSlots{fakeStore: newFakeStore()}
		store.setSlots(8)
		store.add(100, time.Minute)
		q := &fakeQueue{window: 500, publish: func(context.Context, media.Job) error { return nil }}
		stop := run(t, store, q, nil)
		time.Sleep(30 * time.Second)
		store.fail.Lock()
		time.Sleep(2 * time.Minute)
		if n := q.total(); n != 8-1 {
			t.Errorf("%d were published, want those for 8 slots", n)
		}
		stop()
	})
}

// failingSlots cannot say the slots while fail is locked.
type failingSlots struct {
	*fakeStore

	fail sync.Mutex
}

func (s *failingSlots) Slots(ctx context.Context, within, lease time.Duration) (int, error) {
	if !s.fail.TryLock() {
		return 0, errors.New("not now")
	}
	defer s.fail.Unlock()
	return s.fakeStore.Slots(ctx, within, lease)
}
