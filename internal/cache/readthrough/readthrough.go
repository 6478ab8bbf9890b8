// Package readthrough reads through a cache.Cache: it coalesces loads, keeps
// this process from going back in time whatever the engine does, and goes
// straight to the database while the engine is away.
package readthrough

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/singleflight"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/fault"
)

// Config bounds the reading.
type Config struct {
	// Lease is how long the engine's entries live. What this process has
	// served or invalidated is remembered for longer than that.
	Lease       time.Duration
	LoadTimeout time.Duration // of one load from the database
}

// DefaultConfig is the default lease and ten seconds.
func DefaultConfig() Config {
	return Config{Lease: cache.DefaultLease, LoadTimeout: 10 * time.Second}
}

// maxLoads bounds how often a read that finds only what is too old loads anew.
const maxLoads = 3

// Cache is a reader. It implements catalog.ViewCache.
type Cache struct {
	engine  cache.Cache // nil: every read loads
	cfg     Config
	flights singleflight.Group
	floors  *floors
	groups  *groups
	breaker *breaker
	counts  counts
}

type loadFunc = func(ctx context.Context) (cache.Entry, error)

// New reads through the engine.
func New(engine cache.Cache, cfg Config, log *slog.Logger) (*Cache, error) {
	floors, err := newFloors(2 * cfg.Lease)
	if err != nil {
		return nil, err
	}
	groups, err := newGroups(cfg.Lease)
	if err != nil {
		return nil, err
	}
	return &Cache{engine: engine, cfg: cfg, floors: floors, groups: groups, breaker: newBreaker(log)}, nil
}

// Disabled reads everything from the database: for processes that cannot hear
// of the writes of others.
func Disabled() *Cache { return &Cache{} }

// Load returns the entry under key from the engine, or from load where the
// engine has none, has an older one than this process has seen, or is away.
func (c *Cache) Load(ctx context.Context, key string, load loadFunc) (cache.Entry, error) {
	if c.engine == nil {
		return load(ctx)
	}
	floor := c.floors.of(key)
	if e, found := c.get(ctx, key); found && e.Version >= floor {
		c.counts.hits.Add(1)
		if e.Version > floor {
			c.floors.raise(key, e.Version)
		}
		return e, nil
	}
	c.counts.misses.Add(1)
	return c.fill(ctx, key, floor, load)
}

// get asks the engine, unless the breaker is open.
func (c *Cache) get(ctx context.Context, key string) (cache.Entry, bool) {
	if !c.breaker.allow() {
		return cache.Entry{}, false
	}
	e, found, err := c.engine.Get(ctx, key)
	c.record(ctx, err)
	return e, found
}

// record tells counts and breaker how a call of the engine ended.
func (c *Cache) record(ctx context.Context, err error) {
	if err != nil {
		c.counts.errors.Add(1)
	}
	c.breaker.record(ctx, err)
}

// fill loads, once for all who ask at the same time, and puts. A caller is
// never given a result that is older than what was acknowledged before it came:
// such a result is of a load that had begun before.
func (c *Cache) fill(ctx context.Context, key string, floor int64, load loadFunc) (cache.Entry, error) {
	for range maxLoads {
		var result singleflight.Result
		select {
		case result = <-c.flights.DoChan(key, func() (any, error) { return c.loadAndPut(ctx, key, load) }):
		case <-ctx.Done():
			return cache.Entry{}, fmt.Errorf("load %s: %w", key, ctx.Err())
		}
		if result.Err != nil {
			if result.Shared && floor > 0 {
				break // it may have begun before what this caller knows of
			}
			return cache.Entry{}, result.Err
		}
		if e, ok := result.Val.(cache.Entry); ok && e.Version >= floor {
			c.floors.raise(key, e.Version)
			return e, nil
		}
	}
	e, err := load(ctx)
	if err == nil {
		c.floors.raise(key, e.Version)
	}
	return e, err
}

// loadAndPut outlives the caller that began it, since others wait for it too.
func (c *Cache) loadAndPut(ctx context.Context, key string, load loadFunc) (cache.Entry, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.LoadTimeout)
	defer cancel()
	began := time.Now()
	e, err := load(ctx)
	if err != nil {
		return cache.Entry{}, err
	}
	// A fill that is as old as this might outlive the fence that refuses it.
	if time.Since(began) < c.cfg.Lease/2 && c.breaker.allow() {
		_, err := c.engine.Put(ctx, key, e)
		c.record(ctx, err)
	}
	return e, nil
}

// LoadIn is Load for an entry of a group, which Bump makes unreachable. Such
// entries carry version 1 throughout: their generation is what ages.
func (c *Cache) LoadIn(ctx context.Context, group, key string, load loadFunc) (cache.Entry, error) {
	if c.engine == nil {
		return load(ctx)
	}
	if c.breaker.allow() {
		generation, err := c.engine.Generation(ctx, group)
		c.record(ctx, err)
		if err == nil && c.groups.usable(group, generation) {
			return c.Load(ctx, group+":"+generation+":"+key, load)
		}
	}
	c.counts.misses.Add(1)
	return load(ctx)
}

// Invalidate makes this process, and through the engine all others, forget what
// is older than version. Its error means that the others may not have heard.
func (c *Cache) Invalidate(ctx context.Context, key string, version int64) error {
	if c.engine == nil {
		return nil
	}
	c.floors.raise(key, version)
	return c.tell(ctx, func() error { return c.engine.Invalidate(ctx, key, version) })
}

// Bump makes all entries of the group unreachable. Its error is as above.
func (c *Cache) Bump(ctx context.Context, group string) error {
	if c.engine == nil {
		return nil
	}
	c.groups.retire(group)
	err := c.tell(ctx, func() error { return c.engine.Bump(ctx, group) })
	if err != nil {
		c.groups.bypass(group)
	}
	return err
}

// tell calls the engine with what must not be left unsaid.
func (c *Cache) tell(ctx context.Context, call func() error) error {
	if !c.breaker.allow() {
		return fault.New(fault.Unavailable, "the cache is not available")
	}
	err := call()
	c.record(ctx, err)
	return err
}

// Ping reports whether the engine answers.
func (c *Cache) Ping(ctx context.Context) error {
	if c.engine == nil {
		return nil
	}
	return c.engine.Ping(ctx)
}
