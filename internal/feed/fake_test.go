package feed_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/feed"
)

// fakeLog is a log in memory, in which ids are drawn in the order of commits.
type fakeLog struct {
	events.Log

	mu      sync.Mutex
	list    []events.Event
	last    int64
	removed int64
	scans   int
	down    bool
	wake    chan struct{}
	epoch   atomic.Pointer[string]
}

func newLog() *fakeLog {
	l := &fakeLog{wake: make(chan struct{}, 1)}
	l.enter("e1")
	return l
}

func (l *fakeLog) enter(epoch string) { l.epoch.Store(&epoch) }

// add commits n events of the product, whose owner has the same number.
func (l *fakeLog) add(n int, of int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		l.last++
		l.list = append(l.list, events.Event{ID: l.last, Type: events.ProductUpdated, ProductID: of, UserID: of, Revision: l.last})
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// pass draws n ids of no event.
func (l *fakeLog) pass(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last += n
}

func (l *fakeLog) cut(to int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.removed = to
	for len(l.list) > 0 && l.list[0].ID <= to {
		l.list = l.list[1:]
	}
}

func (l *fakeLog) fail(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

func (l *fakeLog) counted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.scans
}

func (l *fakeLog) answer(ctx context.Context) error {
	if l.down {
		return fault.New(fault.Unavailable, "no database")
	}
	return context.Cause(ctx)
}

func (l *fakeLog) Wake(context.Context) <-chan struct{} { return l.wake }

func (l *fakeLog) Mark(ctx context.Context, _ int64) (events.Mark, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return events.Mark{To: l.last}, l.answer(ctx)
}

func (l *fakeLog) Passed(ctx context.Context, _ events.Mark) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return true, l.answer(ctx)
}

func (l *fakeLog) Read(ctx context.Context, after, to int64, limit int) (events.Page, error) {
	return l.read(ctx, func(events.Event) bool { return true }, after, to, limit)
}

func (l *fakeLog) ScanEvents(ctx context.Context, selected events.Selection, after, to int64, limit int) (events.Page, error) {
	l.mu.Lock()
	l.scans++
	l.mu.Unlock()
	return l.read(ctx, selected.Has, after, to, limit)
}

func (l *fakeLog) read(ctx context.Context, has func(events.Event) bool, after, to int64, limit int) (events.Page, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	page := events.Page{RemovedTo: l.removed, Now: time.Now()}
	for _, e := range l.list {
		if e.ID > after && e.ID <= to && has(e) && len(page.Events) < limit {
			page.Events = append(page.Events, e)
		}
	}
	return page, l.answer(ctx)
}

// start runs a feed of the log until the end of the test, or stop.
func start(t *testing.T, l *fakeLog) (f *feed.Feed, stop func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	f = feed.New(events.NewHorizon(l, events.DefaultHorizonConfig(), log), l, func() string { return *l.epoch.Load() }, log)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	synctest.Wait()
	return f, func() { cancel(); <-ended }
}

func of(user int64) auth.Principal {
	return auth.Principal{User: user, Caller: user, Scopes: auth.Scopes{auth.ProductsRead}}
}

// follower reads a stream in the background.
type follower struct {
	mu   sync.Mutex
	ids  []int64
	err  error
	stop context.CancelFunc
}

func follow(t *testing.T, f *feed.Feed, q feed.Query) *follower {
	t.Helper()
	s, err := f.Open(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &follower{stop: stop}
	go func() {
		defer s.Close()
		for {
			list, err := s.Next(ctx)
			r.mu.Lock()
			for _, e := range list {
				r.ids = append(r.ids, e.ID)
			}
			r.err = err
			r.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return r
}

// seen waits until nothing goes on, and returns what was read, and why no more will be.
func (r *follower) seen() ([]int64, error) {
	time.Sleep(10 * time.Second)
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ids, r.err
}
