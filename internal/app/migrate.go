package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore"
)

// Migrate implements cli.Program.
func (program) Migrate(ctx context.Context, to cli.Streams, wait time.Duration) error {
	cfg, log, err := configured(ctx, to.Out, "migrate")
	if err != nil {
		return err
	}
	var held closers
	defer held.close(log)
	store, err := openStore(ctx, cfg, role{}, &held, log, nil)
	if err != nil {
		return err
	}
	if err := waitForDatabase(ctx, store, wait, log); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	applied, err := store.Migrate(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	log.InfoContext(ctx, "the schema is up to date", "applied", len(applied))
	return nil
}

// waitPause is between two attempts to reach the database.
const waitPause = time.Second

// waitForDatabase returns when the database answers. One that cannot be reached
// is tried for at most as long as given, 0 for not at all; the error is that of
// the last attempt.
func waitForDatabase(ctx context.Context, store *sqlstore.Store, atMost time.Duration, log *slog.Logger) error {
	if atMost == 0 {
		return nil // Migrate reports what is wrong
	}
	waiting, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	var last error
	for {
		err := store.Ping(waiting)
		if err == nil || fault.KindOf(err) != fault.Unavailable || ctx.Err() != nil {
			return err
		}
		if last == nil || waiting.Err() == nil { // else it is only that the time is over
			if last == nil || last.Error() != err.Error() {
				log.WarnContext(ctx, "waiting for the database", "at_most", atMost.String(), "error", err)
			}
			last = err
		}
		if backoff.Sleep(waiting, waitPause) != nil {
			return fmt.Errorf("waited for %s: %w", atMost, last)
		}
	}
}
