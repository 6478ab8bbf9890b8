package events

import (
	"context"
	"log/slog"
	"time"
)

// health logs the first of a row of failures and the recovery, so that a part
// that is down for an hour leaves two lines.
type health struct {
	log      *slog.Logger
	failures int
	since    time.Time
}

// failed counts a failure and returns how many there were in a row.
func (h *health) failed(ctx context.Context, part string, err error) int {
	h.failures++
	level := slog.LevelDebug
	if h.failures == 1 {
		h.since = time.Now()
		level = slog.LevelWarn
	}
	h.log.Log(ctx, level, "event reader is held up", "part", part, "failures", h.failures, "error", err)
	return h.failures
}

func (h *health) succeeded(ctx context.Context) {
	if h.failures > 0 {
		h.log.InfoContext(ctx, "event reader goes on", "failures", h.failures, "duration", time.Since(h.since))
		h.failures = 0
	}
}
