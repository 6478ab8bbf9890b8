package redis_test

import (
	"crypto/rand"
	"net"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/cache/redis"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/testserver"
)

// config reaches the server at addr; the machine of a test may be busy.
func config(tb testing.TB, addr, prefix string) redis.Config {
	tb.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		tb.Fatal(err)
	}
	cfg := redis.DefaultConfig()
	cfg.Host, cfg.Port, cfg.Prefix = host, uint16(number), prefix
	cfg.Lease, cfg.LocalLease, cfg.OpTimeout = time.Minute, time.Minute, 5*time.Second
	return cfg
}

func open(tb testing.TB, cfg redis.Config) *redis.Cache {
	tb.Helper()
	c := redis.New(tb.Context(), cfg)
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

func prefix() string { return rand.Text() + ":" }

func TestCache(t *testing.T) {
	t.Parallel()
	addr := testserver.Redis(t)
	cachetest.Run(t, func(t *testing.T, lease time.Duration) cache.Cache {
		t.Helper()
		cfg := config(t, addr, prefix())
		cfg.Lease = lease
		return open(t, cfg)
	})
}

// put puts "a".
func put(t *testing.T, c *redis.Cache, version int64) {
	t.Helper()
	if landed, err := c.Put(t.Context(), "a", cache.Entry{Version: version, Body: []byte("x")}); err != nil || !landed {
		t.Fatalf("put of version %d landed = %v, %v", version, landed, err)
	}
}

// holds reports whether c gives that version of "a", 0 for none.
func holds(t *testing.T, c *redis.Cache, version int64) bool {
	t.Helper()
	e, found, err := c.Get(t.Context(), "a")
	return err == nil && found == (version != 0) && e.Version == version
}

// TestOthersHear: what one process announces, the copies of another forget.
func TestOthersHear(t *testing.T) {
	t.Parallel()
	cfg := config(t, testserver.Redis(t), prefix())
	writer, reader := open(t, cfg), open(t, cfg)
	for v := int64(1); v <= 50; v++ {
		put(t, writer, v)
		cachetest.Until(t, "the entry is read", func() bool { return holds(t, reader, v) })
		before, err := reader.Generation(t.Context(), "lists", 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Invalidate(t.Context(), "a", v+1); err != nil {
			t.Fatal(err)
		}
		if _, _, err := writer.Bump(t.Context(), "lists", 0, 0); err != nil {
			t.Fatal(err)
		}
		cachetest.Until(t, "the invalidation is heard", func() bool { return holds(t, reader, 0) })
		cachetest.Until(t, "the bump is heard", func() bool {
			g, err := reader.Generation(t.Context(), "lists", 0)
			return err == nil && g != before
		})
		if landed, err := reader.Put(t.Context(), "a", cache.Entry{Version: v}); landed || err != nil {
			t.Fatalf("another's late fill landed = %v, %v", landed, err)
		}
	}
}

// TestForgetfulServer: after the server has lost everything, nothing comes
// again, neither an entry nor a generation.
func TestForgetfulServer(t *testing.T) {
	t.Parallel()
	server := testserver.OwnRedis(t)
	c := open(t, config(t, server.Addr(), ""))
	put(t, c, 1)
	generation, err := c.Generation(t.Context(), "lists", 0)
	if err != nil || !holds(t, c, 1) {
		t.Fatal(err)
	}
	command(t, server.Addr(), "FLUSHALL")
	cachetest.Until(t, "the copy is forgotten", func() bool { return holds(t, c, 0) })
	cachetest.Until(t, "there is a new generation", func() bool {
		g, err := c.Generation(t.Context(), "lists", 0)
		return err == nil && g > generation
	})
}

// TestForeignValue: what we did not write is no entry, and in no one's way.
func TestForeignValue(t *testing.T) {
	t.Parallel()
	addr, own := testserver.Redis(t), prefix()
	c := open(t, config(t, addr, own))
	for _, value := range []string{"x", "a much longer value of somebody's"} {
		command(t, addr, "SET", own+"e:{a}", value)
		cachetest.Until(t, "the value is no entry", func() bool { return holds(t, c, 0) })
		put(t, c, 1)
		cachetest.Until(t, "the entry is read", func() bool { return holds(t, c, 1) })
	}
}

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	cfg := config(t, testserver.Redis(t), prefix())
	zero := open(t, cfg)
	cfg.DB = 1
	one := open(t, cfg)
	put(t, zero, 1)
	if !holds(t, zero, 1) || !holds(t, one, 0) {
		t.Error("two databases share an entry")
	}
}

func unavailable(err error) bool { return fault.KindOf(err) == fault.Unavailable }
