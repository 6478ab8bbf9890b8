package media

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"vitrine.dev/internal/fault"
)

// The waits between tries of a store call while the database is away.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// persist calls do until its error is another one than that the database is
// away, or ctx ends. Nothing useful can be done without the database, so the
// job waits here with what it has instead of going back to the queue, where
// each return would count as a delivery. None of it is taken from the
// time that the attempt has.
func persist(ctx context.Context, log *slog.Logger, what string, do func(context.Context) error) error {
	defer pauseClock(ctx)()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := do(ctx)
		if fault.KindOf(err) != fault.Unavailable {
			return err
		}
		log.WarnContext(ctx, "waiting for the database", "operation", what, "pause", pause, "error", err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, context.Cause(ctx))
		case <-time.After(pause):
		}
	}
}
