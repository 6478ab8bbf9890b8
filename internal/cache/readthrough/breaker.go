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
	// rest is how long it stays open before one call may try.
	rest = time.Second
)

// breaker keeps requests from an engine that is away, and the log from filling
// up with it.
type breaker struct {
	log     *slog.Logger
	start   time.Time
	errors  atomic.Int64 // in a row
	retryAt atomic.Int64 // nanoseconds since start; the one who moves it tries
}

func newBreaker(log *slog.Logger) *breaker { return &breaker{log: log, start: time.Now()} }

func (b *breaker) allow() bool {
	if b.errors.Load() < tolerated {
		return true
	}
	now, at := int64(time.Since(b.start)), b.retryAt.Load()
	return now >= at && b.retryAt.CompareAndSwap(at, now+int64(rest))
}

func (b *breaker) record(ctx context.Context, err error) {
	if err == nil {
		if b.errors.Load() != 0 && b.errors.Swap(0) >= tolerated {
			b.log.InfoContext(ctx, "the cache is back")
		}
		return
	}
	if ctx.Err() != nil {
		return // the caller went away; that says nothing of the engine
	}
	if b.errors.Add(1) == tolerated {
		b.retryAt.Store(int64(time.Since(b.start) + rest))
		b.log.WarnContext(ctx, "the cache is away; reading from the database", "error", err)
	}
}
