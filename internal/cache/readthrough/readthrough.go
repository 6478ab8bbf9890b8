// Package readthrough reads through a cache.Cache: it coalesces loads, keeps
// this process from going back in time whatever the engine does, and goes
// straight to the database while the engine is unavailable.
package readthrough

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"vitrine.dev/internal/cache"
)

// Cache is a reader. It implements catalog.ViewCache and is safe for
// concurrent use.
type Cache struct {
	engine  cache.Cache // nil: every read loads
	cfg     Config
	floors  *cache.Fences // what this process has served or heard of
	flights singleflight.Group
	groups  *groups
	breaker *breaker
	counts  counts

	mu      sync.Mutex
	putting map[string]*sharing // by flight: loaded, and on its way into the engine
}

type loadFunc = func(ctx context.Context) (cache.Entry, error)

// New reads through the engine, which stays the caller's to close. Its error
// tells of a Config that cannot be.
func New(engine cache.Cache, cfg Config, log *slog.Logger) (*Cache, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("read through cache: %w", err)
	}
	return &Cache{
		engine: engine, cfg: cfg,
		floors:  cache.NewFences(cfg.memory(), cfg.MaxFloors),
		groups:  newGroups(cfg),
		breaker: newBreaker(log),
		putting: map[string]*sharing{},
	}, nil
}

// Disabled reads everything from the database, each caller for itself: for
// processes that cannot hear of each other's writes. There a shared load might
// have begun before a write that its caller knows of.
func Disabled() *Cache { return &Cache{} }

// Load returns the entry under key from the engine, or from load where the
// engine has none, has an older one than this process knows of or one that the
// caller finds not usable (which the loaded one then replaces), or is unavailable.
// It returns the errors of load, which runs for all who ask at the same time
// and outlives a caller that gives up, and else only ctx's.
func (c *Cache) Load(
	ctx context.Context, key string, usable func(cache.Entry) bool, load loadFunc,
) (cache.Entry, error) {
	if c.engine == nil {
		return c.loadAlone(ctx, load)
	}
	floor, fresh := c.floors.Of(key)
	if e, found := c.get(ctx, key); found && e.Version >= floor && usable(e) {
		if e.Version > floor || !fresh {
			c.floors.Saw(key, e.Version)
		}
		c.counts.hits.Add(1)
		return e, nil
	}
	c.counts.misses.Add(1)
	return c.share(ctx, miss{flight: key, key: key, floor: floor, versioned: true, load: load})
}

// LoadIn is Load for an entry of a group, which Bump makes unreachable: its
// generation is what ages, the entries' versions do not count.
func (c *Cache) LoadIn(ctx context.Context, group, key string, load loadFunc) (cache.Entry, error) {
	if c.engine == nil {
		return c.loadAlone(ctx, load)
	}
	bumps := c.groups.bumps.Load()
	generation, known := c.generation(ctx, group)
	if !known {
		c.counts.misses.Add(1)
		// Our own bumps part the loads that the engine's generations cannot.
		flight := group + "\x00" + strconv.FormatInt(bumps, 10) + "\x00" + key
		return c.share(ctx, miss{flight: flight, load: load})
	}
	key = group + ":" + strconv.FormatInt(generation, 10) + ":" + key
	if e, found := c.get(ctx, key); found {
		c.counts.hits.Add(1)
		return e, nil
	}
	c.counts.misses.Add(1)
	return c.share(ctx, miss{flight: key, key: key, load: load})
}

// Invalidate makes this process, and through the engine all others, forget what
// is older than version. It takes effect here even when it fails; its error
// means that others may not have heard, so it should be repeated.
func (c *Cache) Invalidate(ctx context.Context, key string, version int64) error {
	if c.engine == nil {
		return nil
	}
	c.floors.Announce(key, version)
	return c.announce(ctx, func() error { return c.engine.Invalidate(ctx, key, version) })
}

// Saw notes that the version under key was served past the engine: this process serves
// nothing older from it.
func (c *Cache) Saw(key string, version int64) {
	if c.engine != nil {
		c.floors.Saw(key, version)
	}
}

// Bump makes all entries of the group unreachable. Its error is as above.
func (c *Cache) Bump(ctx context.Context, group string) error {
	_, err := c.BumpApart(ctx, group, 0)
	return err
}

// BumpApart is Bump, but where any process has done so less than apart ago it does nothing and returns
// how long it takes until it would.
func (c *Cache) BumpApart(ctx context.Context, group string, apart time.Duration) (wait time.Duration, err error) {
	if c.engine == nil {
		return 0, nil
	}
	began := c.groups.now()
	c.groups.bumps.Add(1)
	wait, err = c.bump(ctx, group, apart)
	switch {
	case err != nil:
		c.groups.bumpFailed(group)
	case wait == 0:
		c.groups.bumpMade(group, began)
	}
	return wait, err
}

// Enabled reports whether there is an engine.
func (c *Cache) Enabled() bool { return c.engine != nil }

// Ping reports whether the engine answers.
func (c *Cache) Ping(ctx context.Context) error {
	if c.engine == nil {
		return nil
	}
	return c.engine.Ping(ctx)
}

func (c *Cache) loadAlone(ctx context.Context, load loadFunc) (cache.Entry, error) {
	c.counts.misses.Add(1)
	return load(ctx)
}

// Stats counts since the start of the process.
type Stats struct {
	Hits      int64 // reads answered by the engine
	Misses    int64 // reads answered by a load, their own or another's
	Coalesced int64 // of those, times that a load under way was waited for
	Errors    int64 // of the engine
}

type counts struct{ hits, misses, coalesced, errors atomic.Int64 }

// Stats returns the counts.
func (c *Cache) Stats() Stats {
	return Stats{
		Hits: c.counts.hits.Load(), Misses: c.counts.misses.Load(),
		Coalesced: c.counts.coalesced.Load(), Errors: c.counts.errors.Load(),
	}
}

// Config bounds the reading. Begin with DefaultConfig.
type Config struct {
	// Lease is how long the engine's entries live, cache.DefaultLease. What
	// this process has served or invalidated is remembered for twice as long.
	Lease       time.Duration
	LoadTimeout time.Duration // of one load from the database, 10 s
	// MaxFloors is of how many keys, and of how many groups, the version last
	// served is remembered, 262,144 (some 40 MB when full). What was invalidated is never forgotten
	// early: see cache.Fences.
	MaxFloors int
	// MaxEntryBytes is how long the body of an entry may be that is put into
	// the engine, 128 KiB. A longer one is loaded for each who asks (together
	// for all who ask at the same time): a few of them would take the room of
	// thousands of others.
	MaxEntryBytes int
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Lease: cache.DefaultLease, LoadTimeout: 10 * time.Second, MaxFloors: 1 << 18, MaxEntryBytes: 128 << 10}
}

func (c Config) validate() error {
	if min(c.Lease, c.LoadTimeout) <= 0 || min(c.MaxFloors, c.MaxEntryBytes) <= 0 {
		return errors.New("lease, timeout, floors and bytes must be positive")
	}
	return nil
}

// memory is for how long at least versions are remembered: no load that began
// at a lower floor is still running when a floor is forgotten.
func (c Config) memory() time.Duration { return max(2*c.Lease, c.LoadTimeout) }

// fillAge is the age from which on a loaded entry is not put any more: a fence
// that is lost is made up for by a lease and a half at most.
func (c Config) fillAge() time.Duration { return min(c.Lease, cache.FenceLife) / 2 }
