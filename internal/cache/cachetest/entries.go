package cachetest

import (
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
)

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
	if landed, err := c.Put(t.Context(), "empty", cache.Entry{Version: 7}); err != nil || !landed {
		t.Fatal(landed, err)
	}
	if e, found, err := c.Get(t.Context(), "empty"); err != nil || !found || e.Version != 7 || len(e.Body) != 0 {
		t.Errorf("empty body came back as %+v, %v, %v", e, found, err)
	}
}

func testOlderRefused(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	put(t, c, "a", 10, true) // 9 and 10 differ in digits: versions are numbers, not text
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
	put(t, c, "a", cache.Gone-1, false) // next to Gone: no version is rounded
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

const short = 300 * time.Millisecond

func testLease(t *testing.T, open Open) {
	t.Helper()
	c := open(t, short)
	put(t, c, "a", 1, true)
	untilGone(t, c, "a")
	put(t, c, "a", 1, true)
	want(t, c, "a", 1)
}

// testFenceOutlivesEntry: the entry that a fence let pass lives for a lease,
// the fence longer.
func testFenceOutlivesEntry(t *testing.T, open Open) {
	t.Helper()
	c := open(t, short)
	invalidate(t, c, "a", 2)
	put(t, c, "a", 2, true)
	untilGone(t, c, "a")
	put(t, c, "a", 1, false)
	put(t, c, "a", 2, true)
}

// untilGone reads without pause, which must not prolong the lease.
func untilGone(t *testing.T, c cache.Cache, key string) {
	t.Helper()
	Until(t, "the lease has run out", func() bool {
		_, found, err := c.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return !found
	})
}

// testOwnWrites: whoever has announced a version reads no older one, at once.
func testOwnWrites(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	for v := int64(1); v <= 200; v++ {
		put(t, c, "a", v, true)
		want(t, c, "a", v)
		invalidate(t, c, "a", v+1)
		want(t, c, "a", 0)
	}
}

func testPing(t *testing.T, open Open) {
	t.Helper()
	if err := open(t, long).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// testProbe probes from several at once, which touches no one's entries.
func testProbe(t *testing.T, open Open) {
	t.Helper()
	c := open(t, long)
	put(t, c, "a", 1, true)
	var probing sync.WaitGroup
	for range 4 {
		probing.Go(func() {
			for range 3 {
				if err := cache.Probe(t.Context(), c); err != nil {
					t.Error(err)
				}
			}
		})
	}
	probing.Wait()
	want(t, c, "a", 1)
}
