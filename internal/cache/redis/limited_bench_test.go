package redis

import (
	"context"
	"testing"
	"time"
)

// BenchmarkLimit is what the limit of an operation costs that no one waits for,
// as of a read answered by this process's copies.
func BenchmarkLimit(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context()) // as of a request
	defer cancel()
	b.Run("limited", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			bounded, end := limit(ctx, time.Second)
			_ = bounded
			end()
		}
	})
	b.Run("context", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			bounded, end := context.WithTimeout(ctx, time.Second)
			_ = bounded
			end()
		}
	})
}
