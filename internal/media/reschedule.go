package media

import (
	"context"
	"log/slog"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media/hostgate"
)

// expireAtOnce bounds the images that fail in one transaction.
const expireAtOnce = 200

// reschedule returns a job whose host has no slot to the outbox, due later. No
// attempt is counted: nothing was tried. Where the host has answered no one for
// as long as an image may wait, the image and others that have waited so long
// for it fail as the host did; else they wait on, however old they are.
func (w *Worker) reschedule(ctx context.Context, log *slog.Logger, job Job, r *hostgate.Refusal) error {
	log = log.With("host", job.Host, "delay", r.Delay)
	maxAge := w.cfg.Policy.MaxAge
	if r.Last == nil || r.Silent < maxAge {
		maxAge = 0
	}
	var expired bool
	var failed int
	err := retryUnavailable(ctx, log, "reschedule", func(ctx context.Context) (err error) {
		expired, err = w.Store.Reschedule(ctx, job, r.Delay, maxAge)
		if err != nil || !expired {
			return err
		}
		changed, err := w.Store.Expire(ctx, job, maxAge, r.Last, expireAtOnce)
		failed = len(changed)
		for _, c := range changed {
			w.Announce.Announce(ctx, c)
		}
		return err
	})
	switch {
	case fault.KindOf(err) == fault.Conflict:
		log.DebugContext(ctx, "image job has nothing to do", "error", err)
		return nil
	case err != nil:
		return err
	case expired:
		log.WarnContext(ctx, "images failed, their host answers no one", "products", failed, "reason", r.Last.Reason, "error", r.Last)
	default:
		log.DebugContext(ctx, "image job rescheduled")
	}
	return nil
}
