package readthrough_test

import (
	"context"
	"crypto/rand"
	"net"
	"strconv"
	"testing"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/cache/memory"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/cache/redis"
	"vitrine.dev/internal/testserver"
)

// watched tells how every put ended.
type watched struct {
	cache.Cache
	landed chan bool
}

func (w watched) Put(ctx context.Context, key string, e cache.Entry) (bool, error) {
	landed, err := w.Cache.Put(ctx, key, e)
	w.landed <- landed
	return landed, err
}

// instances are ways in which processes, or parts of one, share an engine: each
// call gives an engine for one more reader of the same entries.
func instances(t *testing.T) map[string]func(*testing.T) cache.Cache {
	t.Helper()
	inMemory, err := memory.New(memory.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inMemory.Close() })
	addr, prefix := testserver.Redis(t), rand.Text()+":"
	sharedClient := redisAt(t, addr, prefix+"shared:")
	return map[string]func(*testing.T) cache.Cache{
		"one engine in memory": func(*testing.T) cache.Cache { return inMemory },
		"one client of Redis":  func(*testing.T) cache.Cache { return sharedClient },
		"a client of Redis each": func(t *testing.T) cache.Cache {
			t.Helper()
			return redisAt(t, addr, prefix+"each:")
		},
	}
}

func redisAt(t *testing.T, addr, prefix string) cache.Cache {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	cfg := redis.DefaultConfig()
	cfg.Host, cfg.Port, cfg.Prefix = host, uint16(number), prefix
	cfg.Lease, cfg.LocalLease, cfg.OpTimeout = lease, lease, lease
	c := redis.New(t.Context(), cfg)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// slowFill lets one instance read r by way of load and hang, while another
// changes it and acknowledges that; then the first comes to fill the cache. It
// returns what the early reader got, and whether the fill landed.
func slowFill(
	t *testing.T, r *row, filler watched, load func(loadFunc) (cache.Entry, error), change func(),
) (early cache.Entry, landed bool) {
	t.Helper()
	read, release, answered := make(chan struct{}), make(chan struct{}), make(chan cache.Entry, 1)
	go func() {
		e, err := load(func(ctx context.Context) (cache.Entry, error) {
			e, err := r.load(ctx)
			close(read)
			<-release
			return e, err
		})
		if err != nil {
			t.Error(err)
		}
		answered <- e
	}()
	<-read
	change()
	close(release)
	return <-answered, <-filler.landed
}

type loadFunc = func(context.Context) (cache.Entry, error)

// TestSlowFillOfAnother: a fill that began before a change, or a deletion, of
// another instance lands nowhere.
func TestSlowFillOfAnother(t *testing.T) {
	t.Parallel()
	for name, instance := range instances(t) {
		for change, to := range map[string]int64{"changed": 2, "deleted": cache.Gone} {
			t.Run(name+", "+change, func(t *testing.T) {
				t.Parallel()
				key := product + change
				slow := watched{instance(t), make(chan bool, 10)}
				filler, writer, r := reader(t, slow), reader(t, instance(t)), at(1)
				early, landed := slowFill(t, r, slow,
					func(load loadFunc) (cache.Entry, error) { return filler.Load(t.Context(), key, all, load) },
					func() {
						r.version.Store(to % cache.Gone) // 0 for none
						if err := writer.Invalidate(t.Context(), key, to); err != nil {
							t.Error(err)
						}
					})
				if early.Version != 1 || landed {
					t.Errorf("the early reader got version %d; the fill landed: %t", early.Version, landed)
				}
				for _, c := range []*readthrough.Cache{writer, filler, reader(t, instance(t))} {
					e, err := c.Load(t.Context(), key, all, r.load)
					if e.Version != to%cache.Gone || (err != nil) != (to == cache.Gone) {
						t.Errorf("after it version %d is read, %v", e.Version, err)
					}
				}
			})
		}
	}
}

// TestSlowFillOfAnothersList: the same with a list. Its fill lands, where
// no one looks any more.
func TestSlowFillOfAnothersList(t *testing.T) {
	t.Parallel()
	for name, instance := range instances(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slow := watched{instance(t), make(chan bool, 10)}
			filler, writer, r := reader(t, slow), reader(t, instance(t)), at(1)
			slowFill(t, r, slow,
				func(load loadFunc) (cache.Entry, error) { return filler.LoadIn(t.Context(), group, "all", load) },
				func() {
					r.version.Store(2)
					if err := writer.Bump(t.Context(), group); err != nil {
						t.Error(err)
					}
				})
			for _, c := range []*readthrough.Cache{writer, reader(t, instance(t))} {
				if e, err := c.LoadIn(t.Context(), group, "all", r.load); err != nil || e.Version != 2 {
					t.Errorf("after it the list is read at version %d, %v", e.Version, err)
				}
			}
			cachetest.Until(t, "the filler has heard of it", func() bool {
				e, err := filler.LoadIn(t.Context(), group, "all", r.load)
				return err == nil && e.Version == 2
			})
		})
	}
}
