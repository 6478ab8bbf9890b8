package readthrough

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

const (
	// tolerated is how many errors in a row open the breaker.
	tolerated = 3
	// rest is for how long an open breaker lets no call pass, and then one.
	rest = time.Second
)

// breaker keeps requests from an engine that is unavailable, and the log from filling
// up with it.
type breaker struct {
	log     *slog.Logger
	start   time.Time
	errors  atomic.Int64 // in a row
	retryAt atomic.Int64 // nanoseconds since start; whoever moves it may try
}

func newBreaker(log *slog.Logger) *breaker { return &breaker{log: log, start: time.Now()} }

// allow reports whether the engine may be called.
func (b *breaker) allow() bool {
	if b.errors.Load() < tolerated {
		return true
	}
	now, at := int64(time.Since(b.start)), b.retryAt.Load()
	return now >= at && b.retryAt.CompareAndSwap(at, now+int64(rest))
}

func (b *breaker) succeeded(ctx context.Context) {
	if b.errors.Load() != 0 && b.errors.Swap(0) >= tolerated {
		b.log.InfoContext(ctx, "the cache is available again")
	}
}

func (b *breaker) failed(ctx context.Context, err error) {
	if b.errors.Add(1) != tolerated {
		return
	}
	b.retryAt.Store(int64(time.Since(b.start) + rest))
	b.log.WarnContext(ctx, "the cache is unavailable: reading from the database", "error", err)
}
