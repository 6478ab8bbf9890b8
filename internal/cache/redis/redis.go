// Package redis is the cache on a Redis server that any number of processes
// share. Reads are served from this process's memory as far as the server
// assists (CLIENT TRACKING): it tells every client what it may no longer use.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/fault"
)

// Config says where the server is and bounds its use.
type Config struct {
	Host     string
	Port     uint16
	Password string
	Prefix   string        // of every key
	Lease    time.Duration // how long an entry lives
	// OpTimeout bounds every operation: a server that hangs must not hold a
	// request.
	OpTimeout time.Duration
	// LocalBytes bounds the memory of server-assisted caching per connection.
	LocalBytes int
}

// DefaultConfig is the default lease, 250 ms for an operation, and 32 MiB.
func DefaultConfig() Config {
	return Config{
		Port: 6379, Lease: cache.DefaultLease, OpTimeout: 250 * time.Millisecond, LocalBytes: 32 << 20,
	}
}

// generationLife outlives every entry of a generation by far.
const generationLife = 24 * time.Hour

// Cache implements cache.Cache. Errors are of kind fault.Unavailable.
type Cache struct {
	cfg        Config
	link       *link
	put        *rueidis.Lua
	invalidate *rueidis.Lua
}

// New returns a cache that connects when it is first used, and again whenever
// it has to.
func New(cfg Config) *Cache {
	return &Cache{
		cfg: cfg, link: newLink(cfg),
		put: rueidis.NewLuaScript(putScript), invalidate: rueidis.NewLuaScript(invalidateScript),
	}
}

// Get implements cache.Cache.
func (c *Cache) Get(ctx context.Context, key string) (e cache.Entry, found bool, err error) {
	err = c.do(ctx, "get", func(ctx context.Context, client rueidis.Client) error {
		get := client.B().Get().Key(c.cfg.Prefix + key).Cache()
		raw, err := client.DoCache(ctx, get, c.cfg.Lease).AsBytes()
		if rueidis.IsRedisNil(err) {
			return nil
		}
		if err != nil {
			return err
		}
		e, found, err = decode(raw)
		return err
	})
	return e, found, err
}

// Put implements cache.Cache.
func (c *Cache) Put(ctx context.Context, key string, e cache.Entry) (landed bool, err error) {
	err = c.do(ctx, "put", func(ctx context.Context, client rueidis.Client) error {
		landed, err = c.put.Exec(ctx, client, []string{c.cfg.Prefix + key}, []string{
			strconv.FormatInt(e.Version, 10), rueidis.BinaryString(encode(e)), milliseconds(c.cfg.Lease),
		}).AsBool()
		return err
	})
	return landed, err
}

// Invalidate implements cache.Cache.
func (c *Cache) Invalidate(ctx context.Context, key string, version int64) error {
	return c.do(ctx, "invalidate", func(ctx context.Context, client rueidis.Client) error {
		return c.invalidate.Exec(ctx, client, []string{c.cfg.Prefix + key}, []string{
			strconv.FormatInt(version, 10), rueidis.BinaryString(fence(version)), milliseconds(cache.FenceLife),
		}).Error()
	})
}

// Generation implements cache.Cache.
func (c *Cache) Generation(ctx context.Context, group string) (generation string, err error) {
	key := c.cfg.Prefix + group
	err = c.do(ctx, "generation", func(ctx context.Context, client rueidis.Client) error {
		generation, err = client.DoCache(ctx, client.B().Get().Key(key).Cache(), c.cfg.Lease).ToString()
		if !rueidis.IsRedisNil(err) {
			return err
		}
		made := rand.Text()
		err = client.Do(ctx, client.B().Set().Key(key).Value(made).Nx().Ex(generationLife).Build()).Error()
		if !rueidis.IsRedisNil(err) {
			generation = made
			return err
		}
		generation, err = client.Do(ctx, client.B().Get().Key(key).Build()).ToString() // another was first
		return err
	})
	return generation, err
}

// Bump implements cache.Cache.
func (c *Cache) Bump(ctx context.Context, group string) error {
	return c.do(ctx, "bump", func(ctx context.Context, client rueidis.Client) error {
		return client.Do(ctx, client.B().Set().Key(c.cfg.Prefix+group).Value(rand.Text()).Ex(generationLife).Build()).Error()
	})
}

// Ping implements cache.Cache.
func (c *Cache) Ping(ctx context.Context) error {
	return c.do(ctx, "ping", func(ctx context.Context, client rueidis.Client) error {
		return client.Do(ctx, client.B().Ping().Build()).Error()
	})
}

// Close implements cache.Cache.
func (c *Cache) Close() error {
	c.link.close()
	return nil
}

// do runs an operation under the time limit and translates its error.
func (c *Cache) do(ctx context.Context, name string, operation func(context.Context, rueidis.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.OpTimeout)
	defer cancel()
	client, err := c.link.client(ctx)
	if err == nil {
		err = operation(ctx, client)
	}
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Wrap(fault.Unavailable, "the cache is not available", fmt.Errorf("redis %s: %w", name, err))
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
