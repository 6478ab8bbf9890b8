package media

import (
	"context"
	"errors"
	"log/slog"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

// errClaimLost ends the work on an image that is no longer ours: its product
// was changed or deleted, or our lease ran out and another worker began it.
var errClaimLost = errors.New("the claim on the image is lost")

// keepLease returns the context of an attempt: it renews the claim's lease
// until stop is called, ends with errClaimLost when the claim is lost, and with
// a failure when the attempt takes longer than it may. Waiting for the database
// is not counted.
func (w *Worker) keepLease(parent context.Context, log *slog.Logger, claim Claim) (ctx context.Context, stop func()) {
	ctx, lose := context.WithCancelCause(parent)
	ctx, clock := withClock(ctx, w.cfg.JobTimeout, func() {
		lose(fault.Fail(fault.DecoderCrashed, "The work on the image took longer than "+w.cfg.JobTimeout.String()+".", nil))
	})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		w.renewLease(ctx, log, claim, lose)
	}()
	return ctx, func() {
		lose(nil)
		clock.stop()
		<-stopped
	}
}

// renewLease renews the lease every third of its length until ctx is done. A
// lease outlives a short outage of the database; after a longer one it is
// renewed as soon as that is back, before a sweep takes it for abandoned.
func (w *Worker) renewLease(ctx context.Context, log *slog.Logger, claim Claim, lose context.CancelCauseFunc) {
	regular := w.cfg.Lease / 3
	wait, failures := regular, 0
	for backoff.Sleep(ctx, wait) == nil {
		err := w.Store.Renew(ctx, claim, w.cfg.Lease)
		switch {
		case err == nil:
			wait, failures = regular, 0
		case fault.KindOf(err) == fault.Conflict:
			lose(errClaimLost)
			return
		case ctx.Err() == nil:
			log.WarnContext(ctx, "lease not renewed", "error", err)
			failures++
			wait = min(backoff.Delay(failures, firstPause, lastPause), regular)
		}
	}
}
