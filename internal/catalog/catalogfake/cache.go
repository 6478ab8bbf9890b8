package catalogfake

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
)

// Cache is a catalog.ViewCache in memory that drops nothing by
// itself. It is safe for concurrent use.
type Cache struct {
	mu          sync.Mutex
	entries     map[string]cache.Entry
	fences      map[string]int64
	generations map[string]int
	failed      []string // keys and groups of the calls that failed
	failure     error
}

// NewCache returns an empty cache.
func NewCache() *Cache {
	return &Cache{
		entries: make(map[string]cache.Entry), fences: make(map[string]int64), generations: make(map[string]int),
	}
}

// Fail makes invalidations return err from now on, nil for none.
func (c *Cache) Fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = err
}

// Failed returns the keys and groups that invalidations failed for.
func (c *Cache) Failed() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.failed)
}

// Load implements catalog.ViewCache.
func (c *Cache) Load(
	ctx context.Context, key string, usable func(cache.Entry) bool, load catalog.LoadFunc,
) (cache.Entry, error) {
	c.mu.Lock()
	e, found := c.entries[key]
	c.mu.Unlock()
	if found && usable(e) {
		return e, nil
	}
	e, err := load(ctx)
	if err != nil {
		return cache.Entry{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.Version >= c.fences[key] {
		c.entries[key] = e
	}
	return e, nil
}

// LoadIn implements catalog.ViewCache.
func (c *Cache) LoadIn(ctx context.Context, group, key string, load catalog.LoadFunc) (cache.Entry, error) {
	c.mu.Lock()
	generation := c.generations[group]
	c.mu.Unlock()
	always := func(cache.Entry) bool { return true }
	return c.Load(ctx, fmt.Sprintf("%s/%d/%s", group, generation, key), always, load)
}

// Saw implements catalog.ViewCache.
func (c *Cache) Saw(key string, version int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fences[key] = max(c.fences[key], version)
}

// Invalidate implements catalog.ViewCache.
func (c *Cache) Invalidate(_ context.Context, key string, version int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failure != nil {
		c.failed = append(c.failed, key)
		return c.failure
	}
	c.fences[key] = max(c.fences[key], version)
	if c.entries[key].Version < c.fences[key] {
		delete(c.entries, key)
	}
	return nil
}

// BumpApart implements catalog.ViewCache: what is apart is always long enough.
func (c *Cache) BumpApart(ctx context.Context, group string, _ time.Duration) (time.Duration, error) {
	return 0, c.Bump(ctx, group)
}

// Bump implements catalog.ViewCache.
func (c *Cache) Bump(_ context.Context, group string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failure != nil {
		c.failed = append(c.failed, group)
		return c.failure
	}
	c.generations[group]++
	return nil
}
