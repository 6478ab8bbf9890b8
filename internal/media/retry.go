package media

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

// The waits between tries of a store call while the database is unavailable.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// retryUnavailable calls do until its error is another one than
// fault.Unavailable, or ctx ends. Nothing useful can be done without the
// database, so the job waits here with what it has instead of going back to the
// queue, where each return would count as a delivery. The wait does not count
// towards the attempt's time limit.
func retryUnavailable(ctx context.Context, log *slog.Logger, what string, do func(context.Context) error) error {
	defer pauseClock(ctx)()
	for failures := 1; ; failures++ {
		err := do(ctx)
		if fault.KindOf(err) != fault.Unavailable {
			return err
		}
		pause := backoff.Delay(failures, firstPause, lastPause)
		log.WarnContext(ctx, "waiting for the database", "operation", what, "pause", pause, "error", err)
		if err := backoff.Sleep(ctx, pause); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}
