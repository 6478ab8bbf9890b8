// Package progress wakes who waits for a product to change. It hears of changes from the
// log of events, whichever process made them.
package progress

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/events"
)

// MostWaiting is how many may wait at once.
const MostWaiting = 1000

// lookEvery is how often Wait looks though nothing has changed.
const lookEvery = time.Second

// Watch is safe for concurrent use.
type Watch struct {
	log *slog.Logger

	mu      sync.Mutex
	waiting map[*waiter]struct{}
}

type waiter struct {
	product int64
	changed chan struct{} // of capacity 1
}

// New returns a Watch for which no one waits.
func New(log *slog.Logger) *Watch { return &Watch{log: log, waiting: make(map[*waiter]struct{})} }

// Product returns a channel that has a value soon after every change of the product, or of
// its images, from now on; one value for changes that no one has taken. Where the log cannot
// be read there are none. done ends it. ok is false where MostWaiting wait already.
func (w *Watch) Product(id int64) (changed <-chan struct{}, done func(), ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) >= MostWaiting {
		return nil, nil, false
	}
	one := &waiter{product: id, changed: make(chan struct{}, 1)}
	w.waiting[one] = struct{}{}
	return one.changed, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting, one)
	}, true
}

// Wait returns when working says that nothing is worked on, or with an error; after most at
// the latest, or when stopping says so. It looks at every change of the product, and once
// in a while, since not all that ends is a change. It returns false, at once, where
// MostWaiting wait already.
func (w *Watch) Wait(ctx context.Context, product int64, most time.Duration, stopping func() bool, working func(context.Context) (bool, error)) bool {
	changed, done, ok := w.Product(product)
	if !ok {
		return false
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if busy, err := working(ctx); !busy || err != nil || stopping() {
			return true
		}
		select {
		case <-changed:
		case <-look.C:
		case <-ctx.Done():
			return true
		}
	}
}

// Follow reads the log of events until ctx is done. open opens it from now on.
func (w *Watch) Follow(ctx context.Context, open func(context.Context) (events.Next, error)) error {
	outage := backoff.NewOutage(w.log, "who waits for images is not woken", "who waits for images is woken again")
	every := func(int64) bool { return true } // anything may have happened meanwhile
	return events.Follow(ctx, open, outage, func() { w.wake(every) }, func(b events.Batch) {
		if b.Skipped > 0 {
			w.wake(every)
			return
		}
		products := make(map[int64]bool, len(b.Events))
		for _, e := range b.Events {
			products[e.ProductID] = true
		}
		w.wake(func(product int64) bool { return products[product] })
	})
}

func (w *Watch) wake(changed func(product int64) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for one := range w.waiting {
		if !changed(one.product) {
			continue
		}
		select {
		case one.changed <- struct{}{}:
		default: // it has not looked since
		}
	}
}
