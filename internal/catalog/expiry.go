package catalog

import (
	"context"
	"log/slog"
	"time"

	"vitrine.dev/internal/fault"
)

// expiryBatch bounds how many keys one transaction removes.
const expiryBatch = 1000

// Keys is what an Expirer needs of the store.
type Keys interface {
	// ExpireKeys removes at most limit expired idempotency keys and
	// returns how many. Any number may run at once. fault.Unavailable.
	ExpireKeys(ctx context.Context, limit int) (int, error)
}

// Expirer removes expired idempotency keys. It only frees space:
// creates ignore a key from the moment on that it expires.
type Expirer struct {
	keys     Keys
	interval time.Duration
	log      *slog.Logger
}

// NewExpirer returns an Expirer that looks once per interval.
func NewExpirer(keys Keys, interval time.Duration, log *slog.Logger) *Expirer {
	return &Expirer{keys: keys, interval: interval, log: log}
}

// Run removes keys until ctx is done: batch upon batch while there are full
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
	n, err := e.keys.ExpireKeys(ctx, expiryBatch)
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil:
		e.log.WarnContext(ctx, "expiry of idempotency keys failed, will be retried", "kind", fault.KindOf(err).String(), "error", err)
		return false
	case n > 0:
		e.log.DebugContext(ctx, "idempotency keys expired", "keys", n)
	}
	return n == expiryBatch
}
