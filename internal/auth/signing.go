package auth

import (
	"context"
	"log/slog"
	"slices"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/signing"
)

// FollowSigning reads the log of events until ctx is done, so that a signing key that was
// replaced anywhere ends here at once. open opens the log from now on.
func FollowSigning(ctx context.Context, keys *signing.Keys, open func(context.Context) (events.Next, error), log *slog.Logger) error {
	outage := backoff.NewOutage(log, "signing keys that are replaced are not heard of; they are read twice a minute", "signing keys that are replaced are heard of again")
	return events.Follow(ctx, open, outage, keys.Forget, func(batch events.Batch) {
		changed := func(e events.Event) bool { return e.Type == events.SigningChanged }
		if batch.Skipped > 0 || slices.ContainsFunc(batch.Events, changed) {
			keys.Forget()
		}
	})
}
