package media

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"vitrine.dev/internal/fault"
)

// errClaimLost ends the work on an image that is no longer ours: its product
// was changed or deleted, or our lease ran out and somebody else began it.
var errClaimLost = errors.New("the claim on the image is lost")

// keepLease returns the context of an attempt: it renews the claim's lease
// until stop is called, ends with errClaimLost when the claim is lost, and with
// a failure when the attempt takes longer than it may.
func (w *Worker) keepLease(parent context.Context, log *slog.Logger, claim Claim) (ctx context.Context, stop func()) {
	tooLong := fault.Fail(fault.DecoderCrashed, "The work on the image took longer than "+w.cfg.JobTimeout.String()+".", nil)
	limited, endLimit := context.WithTimeoutCause(parent, w.cfg.JobTimeout, tooLong)
	ctx, lose := context.WithCancelCause(limited)

	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(w.cfg.Lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			switch err := w.Store.Renew(ctx, claim, w.cfg.Lease); {
			case fault.KindOf(err) == fault.Conflict:
				lose(errClaimLost)
				return
			case err != nil && ctx.Err() == nil:
				// The lease outlives a short outage; the next tick tries again.
				log.WarnContext(ctx, "lease not renewed", "error", err)
			}
		}
	}()
	return ctx, func() {
		lose(nil)
		<-stopped
		endLimit()
	}
}
