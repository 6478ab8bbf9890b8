// Package cachetest is the conformance suite of cache.Cache.
package cachetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
)

// Open returns an empty cache of the test's own whose entries live for lease.
type Open func(t *testing.T, lease time.Duration) cache.Cache

// Run runs the suite.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Open){
		"round trip":           testRoundTrip,
		"older is refused":     testOlderRefused,
		"slow fill":            testSlowFill,
		"gone":                 testGone,
		"invalidate is silent": testInvalidateKeepsNewer,
		"lease":                testLease,
		"generations":          testGenerations,
		"generation races":     testGenerationRaces,
		"never back":           testNeverBack,
		"ping":                 testPing,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open)
		})
	}
}

const long = time.Minute

func put(t *testing.T, c cache.Cache, key string, version int64, wantLanded bool) {
	t.Helper()
	landed, err := c.Put(t.Context(), key, cache.Entry{Version: version, Body: body(version)})
	if err != nil {
		t.Fatal(err)
	}
	if landed != wantLanded {
		t.Errorf("put of version %d landed = %v, want %v", version, landed, wantLanded)
	}
}

func body(version int64) []byte { return fmt.Appendf(nil, "{\"version\":%d}\x00\xff\r\n", version) }

// want asserts the version under key, 0 for none.
func want(t *testing.T, c cache.Cache, key string, version int64) {
	t.Helper()
	e, found, err := c.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if found != (version != 0) || e.Version != version || found && string(e.Body) != string(body(version)) {
		t.Errorf("found %v: version %d %q, want version %d", found, e.Version, e.Body, version)
	}
}

func invalidate(t *testing.T, c cache.Cache, key string, version int64) {
	t.Helper()
	if err := c.Invalidate(t.Context(), key, version); err != nil {
		t.Fatal(err)
	}
}

func testRoundTrip(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	want(t, c, "a", 0)
	put(t, c, "a", 1, true)
	want(t, c, "a", 1)
	want(t, c, "b", 0)
	put(t, c, "a", 1, true) // equal versions may overwrite
	put(t, c, "a", cache.Gone-1, true)
	want(t, c, "a", cache.Gone-1)
	empty := cache.Entry{Version: 7}
	if landed, err := c.Put(t.Context(), "empty", empty); err != nil || !landed {
		t.Fatal(landed, err)
	}
	if e, found, err := c.Get(t.Context(), "empty"); err != nil || !found || e.Version != 7 || len(e.Body) != 0 {
		t.Errorf("empty body came back as %+v, %v, %v", e, found, err)
	}
}

func testOlderRefused(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	put(t, c, "a", 10, true)
	put(t, c, "a", 9, false)
	want(t, c, "a", 10)
}

// testSlowFill: v1 was read, v2 is committed and announced, then v1 arrives.
func testSlowFill(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	invalidate(t, c, "a", 2)
	put(t, c, "a", 1, false)
	want(t, c, "a", 0)
	put(t, c, "a", 2, true)
	want(t, c, "a", 2)
	put(t, c, "a", 1, false)
	invalidate(t, c, "a", 3)
	want(t, c, "a", 0)
	put(t, c, "a", 2, false)
}

func testGone(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	put(t, c, "a", 5, true)
	invalidate(t, c, "a", cache.Gone)
	want(t, c, "a", 0)
	put(t, c, "a", 5, false)
	put(t, c, "a", cache.Gone-1, false)
	want(t, c, "a", 0)
}

func testInvalidateKeepsNewer(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	put(t, c, "a", 5, true)
	invalidate(t, c, "a", 4)
	invalidate(t, c, "a", 5)
	want(t, c, "a", 5)
	invalidate(t, c, "b", 9)
	invalidate(t, c, "b", 3) // late and older
	put(t, c, "b", 8, false)
}

func testLease(t *testing.T, open Open) {
	t.Helper()
	c := open(t, time.Second)
	put(t, c, "a", 1, true)
	want(t, c, "a", 1)
	until(t, "the lease has run out", func() bool {
		_, found, err := c.Get(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		return !found
	})
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func generation(t *testing.T, c cache.Cache, group string) string {
	t.Helper()
	g, err := c.Generation(t.Context(), group)
	if err != nil || g == "" {
		t.Fatalf("generation %q, %v", g, err)
	}
	return g
}

func testGenerations(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	first := generation(t, c, "lists")
	if again := generation(t, c, "lists"); again != first {
		t.Errorf("generation went from %s to %s by itself", first, again)
	}
	if other := generation(t, c, "others"); other == first {
		t.Error("two groups share a generation")
	}
	seen := map[string]bool{first: true}
	for range 20 {
		if err := c.Bump(t.Context(), "lists"); err != nil {
			t.Fatal(err)
		}
		var g string
		until(t, "the bump is seen", func() bool { g = generation(t, c, "lists"); return !seen[g] })
		seen[g] = true
	}
}

func testGenerationRaces(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	var mu sync.Mutex
	seen := map[string]bool{}
	var racing sync.WaitGroup
	for range 8 {
		racing.Go(func() {
			g, err := c.Generation(t.Context(), "lists")
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[g] = true
		})
	}
	racing.Wait()
	if len(seen) != 1 {
		t.Errorf("racers saw %d generations, want one", len(seen))
	}
}

// testNeverBack hammers one key with late fills: once a version is announced,
// no older one is read.
func testNeverBack(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	var announced atomic.Int64
	var busy sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		busy.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				late := max(1, announced.Load()-rand.Int64N(4)) // a fill that may have begun before
				if _, err := c.Put(t.Context(), "a", cache.Entry{Version: late, Body: body(late)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
		busy.Go(func() {
			last := int64(0)
			for {
				select {
				case <-stop:
					return
				default:
				}
				e, found, err := c.Get(t.Context(), "a")
				if err != nil {
					t.Error(err)
					return
				}
				if found && e.Version < last {
					t.Errorf("read version %d after %d", e.Version, last)
				}
				last = max(last, e.Version)
			}
		})
	}
	for v := int64(1); v <= 300; v++ {
		if err := c.Invalidate(t.Context(), "a", v); err != nil {
			t.Error(err)
			break
		}
		announced.Store(v)
	}
	close(stop)
	busy.Wait()
	last := announced.Load()
	until(t, "the last version is all that is read", func() bool {
		e, found, err := c.Get(t.Context(), "a")
		return err == nil && (!found || e.Version >= last)
	})
	put(t, c, "a", last-1, false)
}

func testPing(t *testing.T, open Open) {
	t.Helper()
	if err := open(t, long).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
