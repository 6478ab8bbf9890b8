package media

import (
	"context"
	"log/slog"

	"vitrine.dev/internal/fault"
)

// expireAtOnce bounds the images that fail in one transaction.
const expireAtOnce = 200

// putOff gives a job back that its host has no slot for, to come again later.
// No attempt is counted: nothing was tried. Where the host has answered no one
// for as long as an image may wait, the image and others that have waited so
// long for it fail as the host did; else they wait on, however old they are.
func (w *Worker) putOff(ctx context.Context, log *slog.Logger, job Job, r *refusal) error {
	log = log.With("host", job.Host, "delay", r.delay)
	maxAge := w.cfg.Policy.MaxAge
	if r.last == nil || r.silent < maxAge {
		maxAge = 0
	}
	var expired bool
	err := persist(ctx, log, "defer", func(ctx context.Context) (err error) {
		expired, err = w.Store.Reschedule(ctx, job, r.delay, maxAge)
		if err != nil || !expired {
			return err
		}
		changed, err := w.Store.Expire(ctx, job, maxAge, r.last, expireAtOnce)
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
		log.ErrorContext(ctx, "images failed, their host answers no one", "reason", r.last.Reason, "error", r.last)
	default:
		log.DebugContext(ctx, "image job deferred")
	}
	return nil
}
