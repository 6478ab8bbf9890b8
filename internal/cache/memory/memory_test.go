package memory_test

import (
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/cache/memory"
)

func open(t *testing.T, cfg memory.Config) *memory.Cache {
	t.Helper()
	c, err := memory.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestCache(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(t *testing.T, lease time.Duration) cache.Cache {
		t.Helper()
		cfg := memory.DefaultConfig()
		cfg.Lease = lease
		return open(t, cfg)
	})
}

// TestFencesSurvivePressure: entries are dropped for want of memory, what was
// invalidated is not.
func TestFencesSurvivePressure(t *testing.T) {
	t.Parallel()
	c := open(t, memory.Config{MaxBytes: 10_000, Lease: time.Minute})
	if err := c.Invalidate(t.Context(), "fenced", 2); err != nil {
		t.Fatal(err)
	}
	var kept int
	for i := range 1000 {
		if _, err := c.Put(t.Context(), strconv.Itoa(i), cache.Entry{Version: 1, Body: make([]byte, 1000)}); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; { // entries are dropped in the background
		kept = 0
		for i := range 1000 {
			if _, found, _ := c.Get(t.Context(), strconv.Itoa(i)); found {
				kept++
			}
		}
		if kept <= 10 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d entries of 1000 bytes are kept in 10,000 bytes", kept)
		}
	}
	if landed, err := c.Put(t.Context(), "fenced", cache.Entry{Version: 1}); landed || err != nil {
		t.Errorf("a fill landed behind its fence: %v", err)
	}
}
