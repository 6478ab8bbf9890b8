package readthrough

import (
	"context"
	"errors"
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
func (c *Cache) bump(ctx context.Context, group string) error {
	return c.announce(ctx, func() error {
		floor, _ := c.groups.floors.Of(group)
		generation, err := c.engine.Bump(ctx, group, floor)
		if err == nil {
			c.groups.floors.Announce(group, generation)
		}
		return err
	})
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
