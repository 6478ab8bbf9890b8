package readthrough

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/fault"
)

// miss is a read that the engine could not answer.
type miss struct {
	flight    string // whose loads are the same
	key       string // in the engine; none: the result is not put
	floor     int64  // lowest version acceptable
	versioned bool   // versions of this key count
	load      loadFunc
}

// share loads, once for all who ask at the same time with the same floor: a
// caller is never given what is older than it may expect, since each load
// begins after its floor was known. The load outlives callers that give up.
func (c *Cache) share(ctx context.Context, m miss) (cache.Entry, error) {
	if err := ctx.Err(); err != nil {
		return cache.Entry{}, fmt.Errorf("load: %w", err)
	}
	if s := c.beingPut(m.flight); s != nil && s.entry.Version >= m.floor {
		c.counts.coalesced.Add(1)
		return s.entry, nil
	}
	s := &sharing{miss: m, cache: c, ctx: context.WithoutCancel(ctx), answered: make(chan struct{})}
	go s.run()
	select {
	case <-s.answered:
		if !s.led {
			c.counts.coalesced.Add(1)
		}
		return s.entry, s.err
	case <-ctx.Done():
		return cache.Entry{}, fmt.Errorf("load: %w", ctx.Err())
	}
}

// beingPut returns what has loaded the entry and not put it yet, nil for none.
func (c *Cache) beingPut(flight string) *sharing {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.putting[flight]
}

// sharing is one caller's part in a load. It is the only allocation beside
// those of its goroutine, its channel and the flight itself.
type sharing struct {
	miss

	cache    *Cache
	ctx      context.Context //nolint:containedctx // of the load, which may serve many callers
	began    time.Time
	led      bool          // the load is this caller's own
	answered chan struct{} // closed once entry and err are set
	entry    cache.Entry
	err      error
}

// run loads or waits for another's load. Where it led, it puts the entry once
// the callers are answered.
func (s *sharing) run() {
	flight := s.flight
	if s.floor != 0 {
		flight += "\x00" + strconv.FormatInt(s.floor, 10)
	}
	loaded, err, _ := s.cache.flights.Do(flight, s.lead)
	if leader, _ := loaded.(*sharing); leader != s {
		s.entry, s.err = leader.entry, err
		close(s.answered)
		return
	}
	close(s.answered)
	if err == nil {
		s.cache.put(s.ctx, s.miss, s.entry, s.began)
		s.cache.wasPut(s)
	}
}

// lead loads for all who wait. Who comes before the entry is put is given it too.
func (s *sharing) lead() (any, error) {
	s.led, s.began = true, time.Now()
	s.entry, s.err = s.cache.call(s.ctx, s.load)
	if s.versioned {
		s.remember()
	}
	if s.err != nil {
		return s, s.err
	}
	s.cache.mu.Lock()
	defer s.cache.mu.Unlock()
	s.cache.putting[s.flight] = s
	return s, nil
}

// remember notes what was loaded, so that nothing older is served from now on: of
// what is gone, nothing, whatever the engine still holds.
func (s *sharing) remember() {
	floors := s.cache.floors
	switch {
	case s.err == nil && s.floor == cache.Gone: // it was asked for before it was made
		floors.Found(s.key, s.entry.Version)
	case s.err == nil:
		floors.Saw(s.key, s.entry.Version)
	case fault.KindOf(s.err) == fault.NotFound:
		if floor, _ := floors.Of(s.key); floor == s.floor { // else it was made meanwhile
			floors.Saw(s.key, cache.Gone)
		}
	}
}

func (c *Cache) wasPut(s *sharing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.putting[s.flight] == s {
		delete(c.putting, s.flight)
	}
}

// call loads within the time limit, and makes an error of a panic.
func (c *Cache) call(ctx context.Context, load loadFunc) (e cache.Entry, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.LoadTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the load panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return load(ctx)
}
