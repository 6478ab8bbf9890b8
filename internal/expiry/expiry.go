// Package expiry removes, once in a while, what has expired.
package expiry

import (
	"context"
	"log/slog"
	"time"

	"vitrine.dev/internal/fault"
)

// batchSize bounds how many rows one transaction removes.
const batchSize = 1000

// Expirer removes what has expired. It only frees space: nothing that has expired is used,
// also while it is still there.
type Expirer struct {
	what     string
	expire   func(ctx context.Context, limit int) (int, error)
	interval time.Duration
	log      *slog.Logger
}

// New returns an Expirer that calls expire once per interval, of what, in the plural,
// for the log. expire removes at most limit and returns how many.
func New(what string, expire func(ctx context.Context, limit int) (int, error), interval time.Duration, log *slog.Logger) *Expirer {
	return &Expirer{what: what, expire: expire, interval: interval, log: log}
}

// Run removes until ctx is done: batch upon batch while there are full
// ones, then once per interval.
func (e *Expirer) Run(ctx context.Context) error {
	tick := time.NewTicker(e.interval)
	defer tick.Stop()
	for {
		for e.batch(ctx) {
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// batch removes one batch and reports whether there may be more.
func (e *Expirer) batch(ctx context.Context) bool {
	n, err := e.expire(ctx, batchSize)
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil:
		e.log.WarnContext(ctx, "expiry failed, will be retried", "what", e.what, "kind", fault.KindOf(err).String(), "error", err)
		return false
	case n > 0:
		e.log.DebugContext(ctx, "expired", "what", e.what, "removed", n)
	}
	return n == batchSize
}
