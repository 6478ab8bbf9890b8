package ratelimit_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/ratelimit"
)

var errDown = errors.New("down")

// shared is a ratelimit.Leases of the clock of the test.
type shared struct {
	takes time.Duration // for an answer

	mu    sync.Mutex
	down  bool
	calls int
	used  map[string]int64 // by client and window
}

func newShared(takes time.Duration) *shared {
	return &shared{takes: takes, used: map[string]int64{}}
}

// asked is how often it was asked.
func (s *shared) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *shared) Lease(_ context.Context, p ratelimit.Policy, who string, want int64) (ratelimit.Lease, error) {
	time.Sleep(s.takes / 2)
	defer time.Sleep(s.takes / 2)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.down {
		return ratelimit.Lease{}, errDown
	}
	now := time.Now()
	window := now.UnixNano() / int64(p.Window)
	key := who + strconv.FormatInt(window, 10)
	granted := max(min(want, p.Quota-s.used[key]), 0)
	s.used[key] += granted
	return ratelimit.Lease{
		Granted: granted, Used: s.used[key], Window: window, Left: time.Unix(0, (window+1)*int64(p.Window)).Sub(now),
	}, nil
}

func (s *shared) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func newLimiter(quota int64, leases ratelimit.Leases) *ratelimit.Limiter {
	policy := ratelimit.Policy{Name: "test", Quota: quota, Window: time.Minute}
	return ratelimit.New(policy, leases, slog.New(slog.DiscardHandler))
}

// allowed is how many of the requests are.
func allowed(t *testing.T, l *ratelimit.Limiter, requests int) (n int64) {
	t.Helper()
	for range requests {
		if l.Take(t.Context(), "a").Allowed {
			n++
		}
	}
	return n
}

// TestAlone: without leases exactly the quota is allowed in each window, which begins
// with the first request.
func TestAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(13, nil)
		time.Sleep(17 * time.Second)
		if s := l.Take(t.Context(), "a"); s != (ratelimit.Status{Allowed: true, Remaining: 12, Reset: time.Minute}) {
			t.Errorf("first: %+v", s)
		}
		time.Sleep(59 * time.Second)
		if n := allowed(t, l, 20); n != 12 {
			t.Errorf("%d more are allowed, want 12", n)
		}
		if s := l.Take(t.Context(), "a"); s != (ratelimit.Status{Reset: time.Second}) {
			t.Errorf("beyond the quota: %+v", s)
		}
		if !l.Take(t.Context(), "b").Allowed {
			t.Error("another client is refused")
		}
		time.Sleep(time.Second)
		if n := allowed(t, l, 20); n != 13 {
			t.Errorf("%d are allowed in the next window, want 13", n)
		}
	})
}

// TestOvershoot: several processes together allow at least the quota and at most 10 % of it
// more each, however slow leases are, in each of several windows.
func TestOvershoot(t *testing.T) {
	t.Parallel()
	for _, quota := range []int64{10, 37, 100, 5000} {
		for _, takes := range []time.Duration{0, time.Millisecond, 200 * time.Millisecond} {
			for _, processes := range []int64{1, 2, 7} {
				synctest.Test(t, func(t *testing.T) {
					leases := newShared(takes)
					limiters := make([]*ratelimit.Limiter, processes)
					for i := range limiters {
						limiters[i] = newLimiter(quota, leases)
					}
					for window := range 3 {
						time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute + time.Second)))
						counts := make(chan int64, 100)
						for i := range 40 {
							go func() { counts <- allowed(t, limiters[i%len(limiters)], int(quota/10)) }()
						}
						var sum int64
						for range 40 {
							sum += <-counts
						}
						for _, l := range limiters { // what some of them have left of their 10 %
							s := l.Take(t.Context(), "a")
							for ; s.Allowed && sum <= 2*quota; s = l.Take(t.Context(), "a") {
								sum++
							}
							if s.Allowed || s.Remaining != 0 || s.Reset > time.Minute || s.Reset <= 0 {
								t.Errorf("beyond the quota: %+v", s)
							}
						}
						if most := quota + processes*(quota/10); sum < quota || sum > most {
							t.Errorf("quota %d, %d processes, leases of %v, window %d: %d are allowed, want %d to %d", quota, processes, takes, window, sum, quota, most)
						}
					}
				})
			}
		}
	}
}

// TestNoRequestWaits for leases while they come faster than requests need them, and
// there are about as many as the quota has parts of 5 %.
func TestNoRequestWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leases := newShared(100 * time.Millisecond)
		l := newLimiter(100, leases)
		time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
		began := time.Now()
		for i := range 80 {
			if s := l.Take(t.Context(), "a"); !s.Allowed || s.Remaining > int64(99-i) || s.Remaining < int64(93-i) {
				t.Errorf("request %d: %+v", i, s)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("80 requests with pauses of 100 ms took %v", took)
		}
		if n := leases.asked(); n < 16 || n > 40 {
			t.Errorf("%d leases for 80 %% of a quota", n)
		}
	})
}

// TestOutage: without leases each process allows the quota. What was allowed meanwhile
// counts when they are back.
func TestOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leases := newShared(10 * time.Millisecond)
		leases.setDown(true)
		one, two := newLimiter(100, leases), newLimiter(100, leases)
		if n := allowed(t, one, 60); n != 60 {
			t.Errorf("%d of 60 are allowed", n)
		}
		if n := allowed(t, two, 120); n != 100 {
			t.Errorf("%d of 120 are allowed, want 100", n)
		}
		synctest.Wait()
		if n := leases.asked(); n > 4 {
			t.Errorf("a server that is unavailable was asked %d times", n)
		}
		leases.setDown(false)
		time.Sleep(2 * time.Second)
		before := allowed(t, one, 1)
		time.Sleep(time.Second)
		if more := before + allowed(t, one, 100); more < 35 || more > 50 {
			t.Errorf("after the outage %d more are allowed, want about 40", more)
		}
		if n := allowed(t, newLimiter(100, leases), 50); n > 10 {
			t.Errorf("a new process allows %d although the quota is used", n)
		}
	})
}

// TestMemory: no more clients are remembered than MostClients, and none of a window that is over.
func TestMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(10, nil)
		allowed(t, l, 10)
		for i := range ratelimit.MostClients * 2 {
			l.Take(t.Context(), strconv.Itoa(i))
			if i%1000 == 0 && l.Take(t.Context(), "a").Allowed { // it is seen again and again
				t.Fatal("a client that is seen all the time was forgotten")
			}
			if n := l.Clients(); n > ratelimit.MostClients {
				t.Fatalf("%d clients are remembered", n)
			}
		}
		for range 2 {
			time.Sleep(2 * time.Minute)
			l.Take(t.Context(), "b")
			l.Take(t.Context(), "c")
		}
		if n := l.Clients(); n > 2 {
			t.Errorf("%d clients are remembered of a window that is over", n)
		}
	})
}

// TestManyAtOnce: the leases under way are bounded, and no client is refused for it.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		leases := newShared(time.Second)
		l := newLimiter(10, leases)
		for i := range 5000 {
			if !l.Take(t.Context(), strconv.Itoa(i)).Allowed {
				t.Fatalf("client %d is refused", i)
			}
		}
		time.Sleep(2 * time.Second)
		if n := leases.asked(); n > 256 {
			t.Errorf("%d leases at once", n)
		}
	})
}

func BenchmarkTake(b *testing.B) {
	for name, leases := range map[string]ratelimit.Leases{"alone": nil, "shared": newShared(0)} {
		b.Run(name, func(b *testing.B) {
			l := newLimiter(1e12, leases)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					l.Take(b.Context(), "a")
				}
			})
		})
	}
}
