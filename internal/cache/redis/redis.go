// Package redis is the cache on a Redis server that any number of processes
// share. Reads are served from this process's memory as far as the server
// assists (CLIENT TRACKING): it tells every client what it may no longer use.
//
// What the server forgets (a restart, FLUSHALL, eviction) is merely loaded
// again; a fill that was on its way then may land below a fence that is gone,
// and lives for a lease. Where the server evicts, let it be by volatile-ttl:
// entries then go before fences.
package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/fault"
)

// generationLife outlives every entry of a generation by far.
const generationLife = 24 * time.Hour

// Cache implements cache.Cache. Errors are of kind fault.Unavailable, save for
// the caller's own cancellation.
type Cache struct {
	cfg     Config
	client  *client
	owner   *ownership
	scripts scripts
}

// New returns a cache on the server. It waits for one that does not answer for
// DialTimeout at most; from then on every operation tries to connect. A cluster
// that cannot be reached is looked for in the background, until Close.
func New(ctx context.Context, cfg Config) *Cache {
	cfg.LocalLease = min(cfg.LocalLease, cfg.Lease)
	owner := &ownership{id: cfg.Installation}
	return &Cache{cfg: cfg, client: newClient(ctx, cfg, owner.dial), owner: owner, scripts: newScripts()}
}

// The keys of one entry have their variable part in braces: a cluster then
// keeps them on one node, where a script may use both.
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
func (c *Cache) entryKey(key string) string { return c.cfg.Prefix + "e:{" + key + "}" }
func (c *Cache) fenceKey(key string) string { return c.cfg.Prefix + "f:{" + key + "}" }
func (c *Cache) groupKey(key string) string { return c.cfg.Prefix + "g:" + key }

// do runs one operation on a server of the installation's: its marker is looked at
// first where a connection was made, and after it where one was made meanwhile.
func (c *Cache) do(ctx context.Context, operation string, call func(context.Context, rueidis.Client) error) error {
	if err := c.check(ctx); err != nil {
		return err
	}
	if err := c.call(ctx, operation, call); err != nil {
		return err
	}
	return c.check(ctx)
}

// call runs one operation on the server within its time limit, and translates its error.
func (c *Cache) call(ctx context.Context, operation string, call func(context.Context, rueidis.Client) error) error {
	ctx, end := limit(ctx, c.cfg.OpTimeout)
	defer end()
	client, err := c.client.get()
	if err == nil {
		err = call(ctx, client)
	}
	return failed(operation, err)
}

// Get implements cache.Cache.
func (c *Cache) Get(ctx context.Context, key string) (e cache.Entry, found bool, err error) {
	err = c.do(ctx, "get", func(ctx context.Context, client rueidis.Client) error {
		get := client.B().Get().Key(c.entryKey(key)).Cache()
		raw, err := client.DoCache(ctx, get, c.cfg.LocalLease).AsBytes()
		if rueidis.IsRedisNil(err) {
			return nil
		}
		e, found = decode(raw)
		return err
	})
	return e, found, err
}

// Put implements cache.Cache.
func (c *Cache) Put(ctx context.Context, key string, e cache.Entry) (landed bool, err error) {
	err = c.do(ctx, "put", func(ctx context.Context, client rueidis.Client) error {
		entry := c.entryKey(key)
		landed, err = c.scripts.put.Exec(ctx, awaiting{client, entry}, []string{entry, c.fenceKey(key)}, []string{
			strconv.FormatInt(e.Version, 10), rueidis.BinaryString(encode(e)), milliseconds(c.cfg.Lease),
		}).AsBool()
		return err
	})
	return landed, err
}

// Invalidate implements cache.Cache.
func (c *Cache) Invalidate(ctx context.Context, key string, version int64) error {
	return c.do(ctx, "invalidate", func(ctx context.Context, client rueidis.Client) error {
		entry := c.entryKey(key)
		return c.scripts.invalidate.Exec(ctx, awaiting{client, entry}, []string{entry, c.fenceKey(key)}, []string{
			strconv.FormatInt(version, 10), milliseconds(cache.FenceLife),
		}).Error()
	})
}

// Generation implements cache.Cache.
func (c *Cache) Generation(ctx context.Context, group string, floor int64) (generation int64, err error) {
	err = c.do(ctx, "generation", func(ctx context.Context, client rueidis.Client) error {
		get := client.B().Get().Key(c.groupKey(group)).Cache()
		text, err := client.DoCache(ctx, get, c.cfg.LocalLease).ToString()
		if err != nil && !rueidis.IsRedisNil(err) {
			return err
		}
		generation, err = strconv.ParseInt(text, 10, 64)
		if err != nil || generation < max(floor, 1) {
			generation, _, err = c.generation(ctx, client, group, floor, keep)
		}
		return err
	})
	return generation, err
}

// Bump implements cache.Cache.
func (c *Cache) Bump(ctx context.Context, group string, floor int64, apart time.Duration) (generation int64, wait time.Duration, err error) {
	err = c.do(ctx, "bump", func(ctx context.Context, client rueidis.Client) error {
		generation, wait, err = c.generation(ctx, client, group, floor, strconv.FormatInt(apart.Microseconds(), 10))
		return err
	})
	return generation, wait, err
}

// keep has the server start a generation only where there is none.
const keep = "keep"

var errGeneration = errors.New("the answer to a generation is not two integers")

// generation asks the server itself: keep, or how many microseconds a new one begins after the
// one there is at the earliest.
func (c *Cache) generation(
	ctx context.Context, client rueidis.Client, group string, floor int64, apart string,
) (generation int64, wait time.Duration, err error) {
	key := c.groupKey(group)
	answer, err := c.scripts.generation.Exec(ctx, awaiting{client, key}, []string{key}, []string{
		strconv.FormatInt(floor, 10), milliseconds(generationLife), apart,
	}).AsIntSlice()
	if err == nil && len(answer) != 2 {
		err = errGeneration
	}
	if err != nil {
		return 0, 0, err
	}
	return answer[0], time.Duration(answer[1]) * time.Microsecond, nil
}

// awaiting is a client whose Do returns when this process's copies of the key know
// what the command has written: the server says so right after its answer, hence before
// that of a next command, which is sent along.
type awaiting struct {
	rueidis.Client

	key string
}

func (c awaiting) Do(ctx context.Context, command rueidis.Completed) rueidis.RedisResult {
	answers := c.DoMulti(ctx, command, c.B().Exists().Key(c.key).Build())
	if answers[1].Error() != nil && answers[0].Error() == nil {
		return answers[1]
	}
	return answers[0]
}

// Ping implements cache.Cache. It looks at the marker too: a server that lost all
// gets it again.
func (c *Cache) Ping(ctx context.Context) error {
	c.owner.checked.Store(0)
	return c.do(ctx, "ping", func(ctx context.Context, client rueidis.Client) error {
		return client.Do(ctx, client.B().Ping().Build()).Error()
	})
}

// Close implements cache.Cache.
func (c *Cache) Close() error {
	c.client.close()
	return nil
}

// failed translates the client's error.
func failed(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("redis %s: %w", operation, err)
	case isMoved(err):
		err = fmt.Errorf("the server is a node of a Redis Cluster: set REDIS_CLUSTER=true: %w", err)
	}
	return fault.Wrap(fault.Unavailable, "the cache is not available", fmt.Errorf("redis %s: %w", operation, err))
}

// isMoved recognises the word of a cluster's node that another has the key,
// which the client of a single server cannot follow.
func isMoved(err error) bool {
	reply, ok := rueidis.IsRedisErr(err)
	if !ok {
		return false
	}
	_, moved := reply.IsMoved()
	return moved
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
