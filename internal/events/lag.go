package events

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// lag says how old the oldest event is that one reader has not dealt with. Its methods
// are safe for concurrent use; on nil they do nothing.
type lag struct {
	since atomic.Int64 // when that event was, in nanoseconds since 1970 by this process's clock; 0: there is none
}

// caughtUp notes that all that was found is dealt with.
func (l *lag) caughtUp() {
	if l != nil {
		l.since.Store(0)
	}
}

// found notes what is to be dealt with now.
func (l *lag) found(p Page) { l.left(p, 0) }

// left notes that of the page so many of the first events are dealt with.
func (l *lag) left(p Page, done int) {
	switch {
	case l == nil:
	case done >= len(p.Events):
		l.caughtUp()
	default:
		l.since.Store(time.Now().Add(-max(0, p.Now.Sub(p.Events[done].OccurredAt))).UnixNano())
	}
}

// failed notes that the log could not be read: from now on there may be events that are not known.
func (l *lag) failed(ctx context.Context) {
	if l != nil && ctx.Err() == nil {
		l.since.CompareAndSwap(0, time.Now().UnixNano())
	}
}

// lags are those of the readers of a process, by their names.
type lags struct {
	mu   sync.Mutex
	list map[string]*lag
}

// begin returns the lag of a reader, which is one until ctx is done.
func (s *lags) begin(ctx context.Context, name string) *lag {
	l := &lag{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list == nil {
		s.list = map[string]*lag{}
	}
	s.list[name] = l
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.list[name] == l {
			delete(s.list, name)
		}
	})
	return l
}

// Lags returns how old the oldest event is that each reader of this process has not dealt with, by the
// reader's name: durable readers while this process is the one that reads, and tails that have a name. Where the
// log cannot be read it is the time since then, and where the horizon is held at least for how long.
func (h *Horizon) Lags() map[string]time.Duration {
	held := h.Lag()
	h.lags.mu.Lock()
	defer h.lags.mu.Unlock()
	all := make(map[string]time.Duration, len(h.lags.list))
	for name, l := range h.lags.list {
		all[name] = held
		if since := l.since.Load(); since != 0 {
			all[name] = max(held, time.Since(time.Unix(0, since)))
		}
	}
	return all
}
