package dispatch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
)

// jitter spreads d by up to a fifth either way.
func jitter(d time.Duration) time.Duration { return backoff.Between(d-d/5, d+d/5) }

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
	h.log.Log(ctx, level, "dispatch is held up", "part", h.what, "failures", h.failures, "error", err)
	return h.failures
}

func (h *health) succeeded(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures > 0 {
		h.log.InfoContext(ctx, "dispatch goes on", "part", h.what, "failures", h.failures, "duration", time.Since(h.since))
		h.failures = 0
	}
}
