package media

import (
	"context"
	"log/slog"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// putOff gives a job back that its host has no slot for, to come again later.
// No attempt is counted: nothing was tried. Where the host fails and the image
// has waited for as long as it may, it fails as the host did; for a host that
// is only busy it waits on.
func (w *Worker) putOff(ctx context.Context, log *slog.Logger, job Job, r *refusal) error {
	log = log.With("host", job.Host, "delay", r.delay)
	maxAge := w.cfg.Policy.MaxAge
	if r.last == nil {
		maxAge = 0
	}
	var expired bool
	err := persist(ctx, log, "defer", func(ctx context.Context) (err error) {
		expired, err = w.Store.Defer(ctx, job, r.delay, maxAge)
		if err == nil && expired {
			var changed catalog.Changed
			if changed, err = w.Store.Expire(ctx, job, r.last); err == nil {
				w.Announce.Announce(ctx, changed)
			}
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
		log.ErrorContext(ctx, "image failed", "reason", r.last.Reason, "error", r.last)
	default:
		log.DebugContext(ctx, "image job deferred")
	}
	return nil
}
