package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/alecthomas/kong"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore"
)

const (
	defaultWait = 2 * time.Minute
	// waitPause is between two looks for the database.
	waitPause = time.Second
)

// waitFlag is a duration that may stand without its value.
type waitFlag time.Duration

// IsBool tells kong that the flag needs no value.
func (waitFlag) IsBool() bool { return true }

// Decode implements kong.MapperValue.
func (w *waitFlag) Decode(ctx *kong.DecodeContext) error {
	*w = waitFlag(defaultWait)
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	var text string
	if err := ctx.Scan.PopValueInto("duration", &text); err != nil {
		return err
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a positive duration such as 30s", text)
	}
	*w = waitFlag(d)
	return nil
}

// waitForDatabase returns when the database answers. One that cannot be reached
// is asked again for as long as given, 0 for not at all; the error is the last
// answer.
func waitForDatabase(ctx context.Context, store *sqlstore.Store, atMost time.Duration, log *slog.Logger) error {
	if atMost == 0 {
		return nil // Migrate says what is wrong
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
