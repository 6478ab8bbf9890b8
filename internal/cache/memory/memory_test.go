package memory_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/cache/memory"
)

func open(tb testing.TB, cfg memory.Config) *memory.Cache {
	tb.Helper()
	c, err := memory.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
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
	const keys = 1000
	c := open(t, memory.Config{MaxBytes: 10_000, Lease: time.Minute, MaxFences: 64})
	for i := range keys {
		if err := c.Invalidate(t.Context(), fmt.Sprint("fenced ", i), 2); err != nil {
			t.Fatal(err)
		}
	}
	for i := range keys {
		if _, err := c.Put(t.Context(), strconv.Itoa(i), cache.Entry{Version: 3, Body: make([]byte, 1000)}); err != nil {
			t.Fatal(err)
		}
	}
	cachetest.Until(t, "memory is within its bound", func() bool {
		kept := 0
		for i := range keys {
			if _, found, _ := c.Get(t.Context(), strconv.Itoa(i)); found {
				kept++
			}
		}
		return kept <= 10
	})
	for i := range keys {
		if landed, err := c.Put(t.Context(), fmt.Sprint("fenced ", i), cache.Entry{Version: 1}); landed || err != nil {
			t.Fatalf("fill %d landed behind its fence: %v", i, err)
		}
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, cfg := range []memory.Config{{Lease: -1}, {MaxFences: -1}} {
		if _, err := memory.New(cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

func BenchmarkGet(b *testing.B) {
	c := open(b, memory.DefaultConfig())
	if _, err := c.Put(b.Context(), "product:123456", cache.Entry{Version: 1, Body: make([]byte, 1000)}); err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, found, _ := c.Get(ctx, "product:123456"); !found {
				b.Error("missed")
				return
			}
		}
	})
}
