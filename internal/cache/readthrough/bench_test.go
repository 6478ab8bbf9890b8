package readthrough_test

import (
	"context"
	"crypto/rand"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/memory"
	"vitrine.dev/internal/cache/redis"
	"vitrine.dev/internal/testserver"
)

// Run with: go test ./internal/cache/readthrough -run '^$' -bench . -benchmem

func inMemory(b *testing.B) cache.Cache {
	b.Helper()
	c, err := memory.New(memory.DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func onRedis(b *testing.B, localBytes int) cache.Cache {
	b.Helper()
	host, port, err := net.SplitHostPort(testserver.Redis(b))
	if err != nil {
		b.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		b.Fatal(err)
	}
	cfg := redis.DefaultConfig()
	cfg.Host, cfg.Port, cfg.Prefix = host, uint16(number), rand.Text()+":"
	cfg.Lease, cfg.LocalLease, cfg.LocalBytes = time.Hour, time.Hour, localBytes
	c := redis.New(b.Context(), cfg)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func loadKilobyte(context.Context) (cache.Entry, error) {
	return cache.Entry{Version: 1, Body: make([]byte, 1000)}, nil
}

// benchHits reads one key that the engine holds.
func benchHits(b *testing.B, engine cache.Cache) {
	b.Helper()
	c, ctx := reader(b, engine), b.Context()
	for c.Stats().Hits == 0 { // the first fill is asynchronous
		if _, err := c.Load(ctx, product, all, loadKilobyte); err != nil {
			b.Fatal(err)
		}
	}
	missed := c.Stats().Misses
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Load(ctx, product, all, loadKilobyte); err != nil {
				b.Error(err)
				return
			}
		}
	})
	if again := c.Stats().Misses - missed; again > 10 {
		b.Errorf("missed %d times", again)
	}
}

func benchMisses(b *testing.B, engine cache.Cache) {
	b.Helper()
	c, ctx := reader(b, engine), b.Context()
	var next atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Load(ctx, "product:"+strconv.FormatInt(next.Add(1), 10), all, loadKilobyte); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.Run("memory hit", func(b *testing.B) { benchHits(b, inMemory(b)) })
	b.Run("memory miss", func(b *testing.B) { benchMisses(b, inMemory(b)) })
	b.Run("redis local hit", func(b *testing.B) { benchHits(b, onRedis(b, 64<<20)) })
	b.Run("redis remote hit", func(b *testing.B) { benchHits(b, onRedis(b, 1)) })
	b.Run("redis miss", func(b *testing.B) { benchMisses(b, onRedis(b, 64<<20)) })
}

func BenchmarkLoadInMemory(b *testing.B) {
	c, ctx := reader(b, inMemory(b)), b.Context()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.LoadIn(ctx, group, "all", loadKilobyte); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
