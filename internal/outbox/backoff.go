package outbox

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// backoff returns the wait after the n-th failure in a row (from 1): lowest,
// doubled each time, at most highest.
func backoff(n int, lowest, highest time.Duration) time.Duration {
	for ; n > 1 && lowest < highest; n-- {
		lowest *= 2
	}
	return min(lowest, highest)
}

// jitter spreads d by up to a fifth either way, so that what failed together
// does not come back together.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // spreads load, guards nothing
}

// health logs the first of a row of failures and the recovery, so that a part
// that is down for an hour leaves two lines. It is safe for concurrent use.
type health struct {
	log  *slog.Logger
	what string

	mu       sync.Mutex
	failures int
	since    time.Time
}

// failed counts a failure and returns how many there were in a row.
func (h *health) failed(ctx context.Context, err error) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures++
	level := slog.LevelDebug
	if h.failures == 1 {
		h.since = time.Now()
		level = slog.LevelWarn
	}
	h.log.Log(ctx, level, "relay is held up", "part", h.what, "failures", h.failures, "error", err)
	return h.failures
}

func (h *health) succeeded(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures > 0 {
		h.log.InfoContext(ctx, "relay goes on", "part", h.what, "failures", h.failures, "duration", time.Since(h.since))
		h.failures = 0
	}
}
