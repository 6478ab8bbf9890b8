package failures

import (
	"context"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

// work takes the job on until it ends, or is lost to another process, or ctx
// is done.
func (r *Runner) work(ctx context.Context, job Job) {
	log := r.log.With("job", job.ID, "action", job.Action)
	log.InfoContext(ctx, "dead letter job taken up", "total", job.Total, "done", job.Done)
	batch := Batch{JobID: job.ID, Holder: r.holder, Limit: batchSize(job.Rate), Lease: r.cfg.Lease}
	for failures := 0; ; {
		began, before := time.Now(), job.Done
		next, changed, err := r.store.AdvanceJob(ctx, batch)
		switch {
		case err == nil:
			job, failures = next, 0
		case fault.KindOf(err) == fault.Conflict:
			log.InfoContext(ctx, "dead letter job is no longer ours", "done", job.Done, "error", err)
			return
		case ctx.Err() == nil:
			log.WarnContext(ctx, "dead letter job waits", "error", err)
			failures++
		}
		announceAll(ctx, r.announce, changed)
		if err == nil && job.State != Running {
			log.InfoContext(ctx, "dead letter job ended", "state", job.State, "total", job.Total, "done", job.Done)
			return
		}
		wait := backoff.Delay(failures, r.cfg.FirstPause, r.cfg.LastPause)
		if err == nil {
			wait = pace(job.Rate, job.Done-before) - time.Since(began)
		}
		if backoff.Sleep(ctx, wait) != nil {
			r.release(ctx, job)
			return
		}
	}
}

// release lets another process go on at once. Where it fails the lease runs
// out by itself.
func (r *Runner) release(ctx context.Context, job Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.Lease)
	defer cancel()
	if err := r.store.ReleaseJob(ctx, job.ID, r.holder); err != nil {
		r.log.WarnContext(ctx, "dead letter job not released", "job", job.ID, "error", err)
	}
}

// stepsASecond is how finely a rate is spread.
const stepsASecond = 5

// batchSize is how many letters one step of a job with the rate takes.
func batchSize(rate int64) int {
	if rate == 0 {
		return atOnce
	}
	return int(min(max(rate/stepsASecond, 1), atOnce))
}

// pace is how long n letters take at the rate.
func pace(rate, n int64) time.Duration {
	if rate == 0 {
		return 0
	}
	return time.Duration(n) * time.Second / time.Duration(rate)
}
