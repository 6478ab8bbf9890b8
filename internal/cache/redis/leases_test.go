package redis_test

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/ratelimit"
	"vitrine.dev/internal/testserver"
)

// perHour has windows that no test is likely to see the end of.
func perHour(quota int64) ratelimit.Policy {
	return ratelimit.Policy{Name: "test", Quota: quota, Window: time.Hour}
}

// TestLease: a quota is handed out once, to each client, by the clock of the server.
func TestLease(t *testing.T) {
	t.Parallel()
	cfg := config(t, testserver.Redis(t), prefix())
	one, two, p := open(t, cfg), open(t, cfg), perHour(100)
	for i, c := range []struct{ want, granted, used int64 }{{30, 30, 30}, {60, 60, 90}, {60, 10, 100}, {1, 0, 100}} {
		engine := one
		if i%2 == 1 {
			engine = two
		}
		got, err := engine.Lease(t.Context(), p, "2001:db8::/64", c.want)
		if err != nil || got.Granted != c.granted || got.Used != c.used {
			t.Errorf("lease %d: %+v, %v, want %d of %d", i, got, err, c.granted, c.used)
		}
		if now := time.Now().Unix() / 3600; got.Window < now-1 || got.Window > now+1 || got.Left <= 0 || got.Left > time.Hour {
			t.Errorf("lease %d: %+v", i, got)
		}
	}
	if got, err := one.Lease(t.Context(), p, "other", 5); err != nil || got.Used != 5 {
		t.Errorf("another client: %+v, %v", got, err)
	}
	p.Window = time.Second
	first, err := one.Lease(t.Context(), p, "short", 100)
	if err != nil {
		t.Fatal(err)
	}
	cachetest.Until(t, "the next window begins", func() bool {
		got, err := two.Lease(t.Context(), p, "short", 100)
		return err == nil && got.Window > first.Window && got.Granted == 100 && got.Used == 100
	})
}

// TestLimitIsShared: two processes under concurrent requests allow the quota, and at most 10 %
// more each.
func TestLimitIsShared(t *testing.T) {
	t.Parallel()
	cfg := config(t, testserver.Redis(t), prefix())
	for _, quota := range []int64{10, 55, 1000} {
		var limiters [2]*ratelimit.Limiter
		for i := range limiters {
			limiters[i] = ratelimit.New(perHour(quota), open(t, cfg), slog.New(slog.DiscardHandler))
		}
		var sum atomic.Int64
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				for range quota / 4 {
					if limiters[i%2].Take(t.Context(), time.Duration(quota).String()).Allowed {
						sum.Add(1)
					}
				}
			})
		}
		all.Wait()
		if got, most := sum.Load(), quota+2*(quota/10); got < quota || got > most {
			t.Errorf("of %d requests %d are allowed, want %d to %d", 4*quota, got, quota, most)
		}
	}
}

// TestLimitWithoutServer: while the line is cut a process counts alone, and it shares
// again when it is back.
func TestLimitWithoutServer(t *testing.T) {
	t.Parallel()
	addr, shared := testserver.Redis(t), prefix()
	line := testserver.Proxy(t, addr)
	near, far := open(t, config(t, line.Addr(), shared)), open(t, config(t, addr, shared))
	l := ratelimit.New(perHour(100), near, slog.New(slog.DiscardHandler))
	line.Cut()
	cachetest.Until(t, "the cut is noticed", func() bool { return unavailable(near.Ping(t.Context())) })
	var allowed int64
	for range 60 {
		if l.Take(t.Context(), "a").Allowed {
			allowed++
		}
	}
	if allowed != 60 {
		t.Errorf("%d of 60 are allowed without a server", allowed)
	}
	if l.Take(t.Context(), "b"); l.Take(t.Context(), "b").Remaining > 98 {
		t.Error("what is allowed is not counted")
	}
	line.Restore()
	cachetest.Until(t, "what was spent is reported", func() bool {
		l.Take(t.Context(), "a")
		got, err := far.Lease(t.Context(), perHour(100), "a", 0)
		return err == nil && got.Used >= 60
	})
}
