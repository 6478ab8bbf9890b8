// Package memory is the cache in this process. It is right where this process
// alone writes; other processes' writes it cannot hear of.
package memory

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"vitrine.dev/internal/cache"
)

// Config bounds the cache. Begin with DefaultConfig.
type Config struct {
	MaxBytes uint64        // of keys and bodies, 64 MiB; the least useful are dropped
	Lease    time.Duration // how long an entry lives, cache.DefaultLease
	// MaxFences is of how many keys the invalidated versions are kept exactly,
	// 262,144 (some 40 MB when full). Those of more keys are kept by hash, so
	// that a few other keys may find their entries refused.
	MaxFences int
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{MaxBytes: 64 << 20, Lease: cache.DefaultLease, MaxFences: 1 << 18}
}

func (c Config) validate() error {
	if c.MaxBytes == 0 || c.Lease <= 0 || c.MaxFences <= 0 {
		return errors.New("bytes, lease and fences must be positive")
	}
	return nil
}

const (
	entryOverhead = 64      // bytes, about, that an entry costs beside key and body
	maxGroups     = 100_000 // a group that is dropped starts a new generation
	stripes       = 64
)

// Cache implements cache.Cache. It never fails.
type Cache struct {
	entries *otter.Cache[string, cache.Entry]
	// fences are kept apart from the entries, so that no pressure of memory
	// drops one early.
	fences      *cache.Fences
	generations *otter.Cache[string, generation]
	latest      atomic.Int64 // generation of any group: one that is dropped is never used again

	seed  maphash.Seed
	locks [stripes]sync.Mutex // make comparing and writing of one key one step
}

// generation is the one that a group is at.
type generation struct {
	number int64
	began  time.Time
}

// New returns an empty cache. Its error tells of a Config that cannot be.
func New(cfg Config) (*Cache, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("memory cache: %w", err)
	}
	entries, err := otter.New(&otter.Options[string, cache.Entry]{
		MaximumWeight: cfg.MaxBytes,
		Weigher: func(key string, e cache.Entry) uint32 {
			return uint32(min(len(key)+len(e.Body)+entryOverhead, math.MaxUint32))
		},
		ExpiryCalculator: otter.ExpiryWriting[string, cache.Entry](cfg.Lease),
	})
	if err != nil {
		return nil, fmt.Errorf("memory cache: %w", err)
	}
	generations, err := otter.New(&otter.Options[string, generation]{MaximumSize: maxGroups})
	if err != nil {
		return nil, fmt.Errorf("memory cache: %w", err)
	}
	return &Cache{
		entries: entries, fences: cache.NewFences(cache.FenceLife, cfg.MaxFences),
		generations: generations, seed: maphash.MakeSeed(),
	}, nil
}

func (c *Cache) lock(key string) *sync.Mutex {
	return &c.locks[maphash.String(c.seed, key)%stripes]
}

// Get implements cache.Cache.
func (c *Cache) Get(_ context.Context, key string) (cache.Entry, bool, error) {
	e, found := c.entries.GetIfPresent(key)
	return e, found, nil
}

// Put implements cache.Cache.
func (c *Cache) Put(_ context.Context, key string, e cache.Entry) (bool, error) {
	l := c.lock(key)
	l.Lock()
	defer l.Unlock()
	if fence, _ := c.fences.Of(key); e.Version < fence {
		return false, nil
	}
	if held, found := c.entries.GetIfPresent(key); found && e.Version < held.Version {
		return false, nil
	}
	c.entries.Set(key, e)
	return true, nil
}

// Invalidate implements cache.Cache.
func (c *Cache) Invalidate(_ context.Context, key string, version int64) error {
	l := c.lock(key)
	l.Lock()
	defer l.Unlock()
	c.fences.Announce(key, version)
	if held, found := c.entries.GetIfPresent(key); found && held.Version < version {
		c.entries.Invalidate(key)
	}
	return nil
}

// Generation implements cache.Cache.
func (c *Cache) Generation(_ context.Context, group string, floor int64) (int64, error) {
	if held, found := c.generations.GetIfPresent(group); found && held.number >= floor {
		return held.number, nil
	}
	l := c.lock(group)
	l.Lock()
	defer l.Unlock()
	if held, found := c.generations.GetIfPresent(group); found && held.number >= floor {
		return held.number, nil
	}
	return c.next(group, floor), nil
}

// Bump implements cache.Cache.
func (c *Cache) Bump(_ context.Context, group string, floor int64, apart time.Duration) (int64, time.Duration, error) {
	l := c.lock(group)
	l.Lock()
	defer l.Unlock()
	if held, found := c.generations.GetIfPresent(group); found && held.number >= floor {
		if wait := apart - time.Since(held.began); wait > 0 {
			return held.number, wait, nil
		}
	}
	return c.next(group, floor), 0, nil
}

// next starts a generation of a group that is locked.
func (c *Cache) next(group string, floor int64) int64 {
	for {
		latest := c.latest.Load()
		next := max(latest, floor) + 1
		if c.latest.CompareAndSwap(latest, next) {
			c.generations.Set(group, generation{next, time.Now()})
			return next
		}
	}
}

// Ping implements cache.Cache.
func (c *Cache) Ping(context.Context) error { return nil }

// Close implements cache.Cache.
func (c *Cache) Close() error {
	c.entries.StopAllGoroutines()
	c.generations.StopAllGoroutines()
	return nil
}
