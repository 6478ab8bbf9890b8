package events

import (
	"context"
	"log/slog"
	"time"

	"vitrine.dev/internal/backoff"
)

// RetentionConfig says how much of the log is kept.
type RetentionConfig struct {
	Age      time.Duration // older events are removed
	Count    int64         // and those before the latest so many; by their ids, some of which are of no event
	Interval time.Duration // between two turns
	Batch    int           // most events of one transaction
}

// DefaultRetentionConfig keeps 30 days, at most five million events.
func DefaultRetentionConfig() RetentionConfig {
	return RetentionConfig{Age: 30 * 24 * time.Hour, Count: 5_000_000, Interval: time.Minute, Batch: 5000}
}

// Retention removes old events. It waits for no reader. Any number may run, one
// of them takes each turn.
type Retention struct {
	remover Remover
	cfg     RetentionConfig
	log     *slog.Logger
}

// NewRetention returns a Retention of the log.
func NewRetention(remover Remover, cfg RetentionConfig, log *slog.Logger) *Retention {
	return &Retention{remover: remover, cfg: cfg, log: log}
}

// Run removes events until ctx is done. It asks for a turn at random moments, so
// that processes that were started together do not ask together.
func (r *Retention) Run(ctx context.Context) error {
	for backoff.Sleep(ctx, backoff.Jitter(r.cfg.Interval)) == nil {
		removed, err := r.Turn(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			r.log.WarnContext(ctx, "old events not removed, will be retried", "error", err)
		case removed > 0:
			r.log.DebugContext(ctx, "old events removed", "events", removed)
		}
	}
	return nil
}

// Turn takes a turn where one is due, and returns how many events it removed.
func (r *Retention) Turn(ctx context.Context) (removed int, err error) {
	_, claimed, err := r.remover.ClaimSlice(ctx, "remove old events", r.cfg.Interval, 0, 1)
	if err != nil || !claimed {
		return 0, err
	}
	for ctx.Err() == nil {
		n, err := r.remover.RemoveEvents(ctx, r.cfg.Age, r.cfg.Count, r.cfg.Batch)
		removed += n
		if err != nil || n < r.cfg.Batch {
			return removed, err
		}
	}
	return removed, nil
}
