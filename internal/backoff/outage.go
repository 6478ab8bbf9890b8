package backoff

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Outage logs the first of a row of failures as a warning, and the recovery, so
// that a part that is unavailable for an hour leaves two lines. It is safe for
// concurrent use.
type Outage struct {
	log      *slog.Logger
	down, up string

	mu       sync.Mutex
	part     string
	failures int
	since    time.Time
}

// NewOutage returns one with the messages for its begin and its end.
func NewOutage(log *slog.Logger, down, up string) *Outage {
	return &Outage{log: log, down: down, up: up}
}

// Failed counts a failure of the part and returns how many there were in a row.
func (o *Outage) Failed(ctx context.Context, part string, err error) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failures++
	o.part = part
	level := slog.LevelDebug
	if o.failures == 1 {
		o.since = time.Now()
		level = slog.LevelWarn
	}
	o.log.Log(ctx, level, o.down, "part", part, "failures", o.failures, "error", err) //nolint:sloglint // a literal of who made it
	return o.failures
}

// Succeeded ends the row, if there is one.
func (o *Outage) Succeeded(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failures > 0 {
		o.log.InfoContext(ctx, o.up, "part", o.part, "failures", o.failures, "duration", time.Since(o.since)) //nolint:sloglint // likewise
		o.failures = 0
	}
}
