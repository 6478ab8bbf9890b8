// Package memory is the cache in this process. It is right where this process
// alone writes; other processes' writes it cannot hear of.
package memory

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"vitrine.dev/internal/cache"
)

// Config bounds the cache.
type Config struct {
	MaxBytes uint64        // of keys and bodies; the least useful are dropped
	Lease    time.Duration // how long an entry lives
}

// DefaultConfig is 64 MiB and the default lease.
func DefaultConfig() Config { return Config{MaxBytes: 64 << 20, Lease: cache.DefaultLease} }

const (
	entryOverhead = 64      // bytes, about, that an entry costs beside key and body
	maxGroups     = 100_000 // a group that is dropped starts a new generation
	stripes       = 64
)

// Cache implements cache.Cache.
type Cache struct {
	entries *otter.Cache[string, cache.Entry]
	// fences holds invalidated versions apart from the entries, so that no
	// pressure of memory can drop one early. Its size is bounded by what the
	// process can write in FenceLife.
	fences      *otter.Cache[string, int64]
	generations *otter.Cache[string, string]

	seed  maphash.Seed
	locks [stripes]sync.Mutex // make comparing and writing of one key one step
}

// New returns an empty cache.
func New(cfg Config) (*Cache, error) {
	entries, err := otter.New(&otter.Options[string, cache.Entry]{
		MaximumWeight: cfg.MaxBytes,
		Weigher: func(key string, e cache.Entry) uint32 {
			return uint32(min(len(key)+len(e.Body)+entryOverhead, 1<<31))
		},
		ExpiryCalculator: otter.ExpiryWriting[string, cache.Entry](cfg.Lease),
	})
	if err != nil {
		return nil, fmt.Errorf("memory cache: %w", err)
	}
	fences, err := otter.New(&otter.Options[string, int64]{
		ExpiryCalculator: otter.ExpiryWriting[string, int64](cache.FenceLife),
	})
	if err != nil {
		return nil, fmt.Errorf("memory cache: %w", err)
	}
	generations, err := otter.New(&otter.Options[string, string]{MaximumSize: maxGroups})
	if err != nil {
		return nil, fmt.Errorf("memory cache: %w", err)
	}
	return &Cache{entries: entries, fences: fences, generations: generations, seed: maphash.MakeSeed()}, nil
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
	if fence, fenced := c.fences.GetIfPresent(key); fenced && e.Version < fence {
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
	if fence, fenced := c.fences.GetIfPresent(key); !fenced || fence < version {
		c.fences.Set(key, version)
	}
	if held, found := c.entries.GetIfPresent(key); found && held.Version < version {
		c.entries.Invalidate(key)
	}
	return nil
}

// Generation implements cache.Cache.
func (c *Cache) Generation(_ context.Context, group string) (string, error) {
	if generation, found := c.generations.GetIfPresent(group); found {
		return generation, nil
	}
	generation, _ := c.generations.SetIfAbsent(group, rand.Text())
	return generation, nil
}

// Bump implements cache.Cache.
func (c *Cache) Bump(_ context.Context, group string) error {
	c.generations.Set(group, rand.Text())
	return nil
}

// Ping implements cache.Cache.
func (c *Cache) Ping(context.Context) error { return nil }

// Close implements cache.Cache.
func (c *Cache) Close() error {
	c.entries.StopAllGoroutines()
	c.fences.StopAllGoroutines()
	c.generations.StopAllGoroutines()
	return nil
}
