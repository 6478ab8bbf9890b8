package readthrough

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/fault"
)

// get asks the engine for an entry, unless it is unavailable.
func (c *Cache) get(ctx context.Context, key string) (cache.Entry, bool) {
	if !c.breaker.allow() {
		return cache.Entry{}, false
	}
	e, found, err := c.engine.Get(ctx, key)
	c.record(ctx, err)
	return e, found && err == nil
}

// generation asks the engine for a group's generation, unless the engine is
// unavailable or has not received a write. One that this process knows to be over
// is none.
func (c *Cache) generation(ctx context.Context, group string) (int64, bool) {
	if c.groups.bypassed(group) || !c.breaker.allow() {
		return 0, false
	}
	floor, fresh := c.groups.floors.Of(group)
	generation, err := c.engine.Generation(ctx, group, floor)
	c.record(ctx, err)
	if err != nil || generation < floor {
		return 0, false
	}
	if generation > floor || !fresh {
		c.groups.floors.Saw(group, generation)
	}
	return generation, true
}

// bump has the engine start a generation, and lets none before it pass.
func (c *Cache) bump(ctx context.Context, group string, apart time.Duration) (wait time.Duration, err error) {
	err = c.announce(ctx, func() error {
		floor, _ := c.groups.floors.Of(group)
		var generation int64
		generation, wait, err = c.engine.Bump(ctx, group, floor, apart)
		if err == nil {
			c.groups.floors.Announce(group, generation)
		}
		return err
	})
	return wait, err
}

// put gives the engine what was loaded, unless that is known to be old or
// might be, or is too long.
func (c *Cache) put(ctx context.Context, m miss, e cache.Entry, began time.Time) {
	if m.key == "" || len(e.Body) > c.cfg.MaxEntryBytes || time.Since(began) >= c.cfg.fillAge() {
		return
	}
	if m.versioned {
		if floor, _ := c.floors.Of(m.key); e.Version < floor {
			return
		}
	}
	if !c.breaker.allow() {
		return
	}
	_, err := c.engine.Put(ctx, m.key, e)
	c.record(ctx, err)
}

// announce calls the engine with what must not be lost. fault.Unavailable,
// at once, while the engine is unavailable.
func (c *Cache) announce(ctx context.Context, call func() error) error {
	if !c.breaker.allow() {
		return fault.New(fault.Unavailable, "the cache is not available")
	}
	err := call()
	c.record(ctx, err)
	return err
}

// record counts, and notes for the breaker, how a call of the engine ended. That its
// caller gave up, or one whose call it shared, says nothing of the engine.
func (c *Cache) record(ctx context.Context, err error) {
	switch {
	case err == nil:
		c.breaker.succeeded(ctx)
	case ctx.Err() == nil && !errors.Is(err, context.Canceled):
		c.counts.errors.Add(1)
		c.breaker.failed(ctx, err)
	}
}

const (
	// tolerated is how many errors in a row open the breaker.
	tolerated = 3
	// rest is for how long an open breaker lets no call pass, and then one.
	rest = time.Second
)

// breaker keeps requests from an engine that is unavailable, and the log from filling
// up with it.
type breaker struct {
	log     *slog.Logger
	start   time.Time
	errors  atomic.Int64 // in a row
	retryAt atomic.Int64 // nanoseconds since start; whoever moves it may try
}

func newBreaker(log *slog.Logger) *breaker { return &breaker{log: log, start: time.Now()} }

// allow reports whether the engine may be called.
func (b *breaker) allow() bool {
	if b.errors.Load() < tolerated {
		return true
	}
	now, at := int64(time.Since(b.start)), b.retryAt.Load()
	return now >= at && b.retryAt.CompareAndSwap(at, now+int64(rest))
}

func (b *breaker) succeeded(ctx context.Context) {
	if b.errors.Load() != 0 && b.errors.Swap(0) >= tolerated {
		b.log.InfoContext(ctx, "the cache is available again")
	}
}

func (b *breaker) failed(ctx context.Context, err error) {
	if b.errors.Add(1) != tolerated {
		return
	}
	b.retryAt.Store(int64(time.Since(b.start) + rest))
	b.log.WarnContext(ctx, "the cache is unavailable: reading from the database", "error", err)
}
