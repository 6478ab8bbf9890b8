package redis_test

import (
	"context"
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

func open(tb testing.TB, addr, prefix string, lease time.Duration) *redis.Cache {
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
	cfg.Host, cfg.Port, cfg.Prefix, cfg.Lease = host, uint16(number), prefix, lease
	cfg.OpTimeout = 2 * time.Second // the machine of a test may be busy
	c := redis.New(cfg)
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
		return open(t, addr, prefix(), lease)
	})
}

// TestOthersHearOfInvalidations: what one process announces, another's copies
// in memory forget within moments.
func TestOthersHearOfInvalidations(t *testing.T) {
	t.Parallel()
	addr, shared := testserver.Redis(t), prefix()
	writer, reader := open(t, addr, shared, time.Minute), open(t, addr, shared, time.Minute)
	for v := int64(1); v <= 50; v++ {
		if _, err := writer.Put(t.Context(), "a", cache.Entry{Version: v, Body: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool {
			e, found, err := reader.Get(t.Context(), "a")
			return err == nil && found && e.Version == v
		})
		if err := writer.Invalidate(t.Context(), "a", v+1); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool {
			_, found, err := reader.Get(t.Context(), "a")
			return err == nil && !found
		})
	}
}

// eventually polls well within the lease, so that no lease explains success.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
		select {
		case <-time.After(time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("stopped")
		}
	}
}

func TestCutAndRestored(t *testing.T) {
	t.Parallel()
	addr, shared := testserver.Redis(t), prefix()
	link := testserver.Proxy(t, addr)
	near, far := open(t, link.Addr(), shared, time.Minute), open(t, addr, shared, time.Minute)
	if _, err := near.Put(t.Context(), "a", cache.Entry{Version: 1, Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { _, found, err := near.Get(t.Context(), "a"); return err == nil && found })

	link.Cut()
	eventually(t, func() bool { return fault.KindOf(near.Ping(t.Context())) == fault.Unavailable })
	if err := far.Invalidate(t.Context(), "a", 2); err != nil {
		t.Fatal(err)
	}
	link.Restore()
	eventually(t, func() bool { return near.Ping(t.Context()) == nil })
	if _, found, err := near.Get(t.Context(), "a"); err == nil && found {
		t.Error("after the link came back, the copy in memory was still served")
	}
}

func TestHangingServerIsBounded(t *testing.T) {
	t.Parallel()
	link := testserver.Proxy(t, testserver.Redis(t))
	c := open(t, link.Addr(), prefix(), time.Minute)
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	link.Stall()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := c.Put(ctx, "a", cache.Entry{Version: 1}); fault.KindOf(err) != fault.Unavailable || ctx.Err() != nil {
		t.Errorf("error %v, want unavailable before the caller's own patience ends", err)
	}
	link.Resume()
	eventually(t, func() bool { return c.Ping(t.Context()) == nil })
}

func TestAbsentServerIsUnavailable(t *testing.T) {
	t.Parallel()
	link := testserver.Proxy(t, testserver.Redis(t))
	link.Cut()
	c := open(t, link.Addr(), prefix(), time.Minute)
	if err := c.Ping(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("error %v, want unavailable", err)
	}
	link.Restore()
	eventually(t, func() bool { return c.Ping(t.Context()) == nil })
}
