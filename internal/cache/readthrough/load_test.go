package readthrough_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/fault"
)

func TestSecondReadIsAHit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, r := reader(t, newEngine()), at(3)
		want(t, c, r, 3)
		synctest.Wait() // for the fill
		want(t, c, r, 3)
		wantLoads(t, r, 1)
		if got, want := c.Stats(), (readthrough.Stats{Hits: 1, Misses: 1}); got != want {
			t.Errorf("stats are %+v, want %+v", got, want)
		}
	})
}

func TestReadsAreCoalesced(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"engine there": nil, "engine unavailable": errUnavailable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, r, release := newEngine(), at(1), make(chan struct{})
				e.fail(err)
				c := reader(t, e)
				var results []<-chan string
				for range 50 {
					results = append(results, readLater(t, c, r.held(release)))
				}
				synctest.Wait()
				close(release)
				for _, result := range results {
					if got := <-result; got != "1" {
						t.Errorf("a reader got %s", got)
					}
				}
				wantLoads(t, r, 1)
			})
		})
	}
}

// TestLoadErrorsAreNotCached, nor do they count against the engine.
func TestLoadErrorsAreNotCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r := newEngine(), at(0)
		c := reader(t, e)
		for range 5 {
			wantGone(t, c, r)
			synctest.Wait()
		}
		wantLoads(t, r, 5)
		r.version.Store(1)
		want(t, c, r, 1)
		if n := c.Stats().Errors; n != 0 || e.called("put") > 1 {
			t.Errorf("%d errors of the engine", n)
		}
	})
}

// TestCallerGoesAway: it returns at once; the load goes on for who still waits.
func TestCallerGoesAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, r, release := reader(t, newEngine()), at(1), make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := c.Load(ctx, product, all, func(ctx context.Context) (cache.Entry, error) {
				<-release
				if ctx.Err() != nil {
					return cache.Entry{}, ctx.Err()
				}
				return r.load(ctx)
			})
			gone <- err
		}()
		synctest.Wait()
		waiting := readLater(t, c, r.load)
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the cancellation", err)
		}
		close(release)
		if got := <-waiting; got != "1" {
			t.Errorf("who still waited got %s", got)
		}
		wantLoads(t, r, 1)
		if _, err := c.Load(ctx, "other", all, r.load); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want the cancellation", err)
		}
		wantLoads(t, r, 0)
	})
}

func TestLoadsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, began := reader(t, newEngine()), time.Now()
		_, err := c.Load(t.Context(), product, all, func(ctx context.Context) (cache.Entry, error) {
			<-ctx.Done()
			return cache.Entry{}, ctx.Err()
		})
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 10*time.Second {
			t.Errorf("ended after %v with %v", took, err)
		}
	})
}

// TestPanickingLoad: everybody who waits is told, and the process lives.
func TestPanickingLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := reader(t, newEngine())
		_, err := c.Load(t.Context(), product, all, func(context.Context) (cache.Entry, error) {
			none := make([]cache.Entry, at(0).version.Load())
			return none[0], nil
		})
		if err == nil || !strings.Contains(err.Error(), "index out of range") || fault.KindOf(err) != fault.Internal {
			t.Errorf("error %v", err)
		}
		want(t, c, at(1), 1)
	})
}

// TestSlowPutDelaysNobody: neither who loaded, nor who comes while it lasts.
func TestSlowPutDelaysNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r := newEngine(), at(1)
		e.before["put"] = func() { time.Sleep(time.Second) }
		c, began := reader(t, e), time.Now()
		want(t, c, r, 1)
		want(t, c, r, 1)
		if took := time.Since(began); took != 0 {
			t.Errorf("readers waited %v for the put", took)
		}
		wantLoads(t, r, 1)
		time.Sleep(2 * time.Second)
		want(t, c, r, 1)
		wantLoads(t, r, 0)
	})
}

// TestOldLoadsAreNotPut: a load may have begun before a fence that is gone
// when it ends.
func TestOldLoadsAreNotPut(t *testing.T) {
	t.Parallel()
	for took, puts := range map[time.Duration]int{lease/2 - 1: 1, lease / 2: 0} {
		synctest.Test(t, func(t *testing.T) {
			e := newEngine()
			c := reader(t, e)
			if _, err := c.Load(t.Context(), product, all, func(ctx context.Context) (cache.Entry, error) {
				time.Sleep(took) // deaf to ctx
				return at(1).load(ctx)
			}); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if n := e.called("put"); n != puts {
				t.Errorf("a load of %v was put %d times, want %d", took, n, puts)
			}
		})
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, cfg := range []readthrough.Config{{Lease: -1}, {LoadTimeout: -1}, {MaxFloors: -1}} {
		if _, err := readthrough.New(newEngine(), cfg, nil); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

// TestLongEntriesAreNotPut, whether they have a version or belong to a group.
func TestLongEntriesAreNotPut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := readthrough.DefaultConfig().MaxEntryBytes
		for _, bytes := range []int{limit, limit + 1, 10 * limit} {
			e := newEngine()
			c := reader(t, e)
			load := func(context.Context) (cache.Entry, error) {
				return cache.Entry{Version: 1, Body: make([]byte, bytes)}, nil
			}
			for range 2 {
				one, err1 := c.Load(t.Context(), "key", all, load)
				two, err2 := c.LoadIn(t.Context(), "group", "key", load)
				if err := errors.Join(err1, err2); err != nil || len(one.Body) != bytes || len(two.Body) != bytes {
					t.Fatalf("%d and %d bytes, %v", len(one.Body), len(two.Body), err)
				}
				synctest.Wait() // for the fill
			}
			want := 0
			if bytes <= limit {
				want = 2
			}
			if got := e.called("put"); got != want {
				t.Errorf("%d bytes: put %d times, want %d", bytes, got, want)
			}
		}
	})
}
