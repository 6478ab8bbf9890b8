package job

import (
	"context"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

const (
	// maxStep is how many items one step does at most.
	maxStep = 200
	// stepsASecond is how finely a rate is spread.
	stepsASecond = 5
)

// work does the job's steps until it ends, or is lost to another process, or
// ctx is done.
func (r *Runner) work(ctx context.Context, job Job) {
	log := r.log.With("job", job.ID, "kind", job.Kind)
	kind, known := r.kinds[job.Kind]
	if !known { // of a newer version, whose processes take it when the lease has run out
		log.ErrorContext(ctx, "job of an unknown kind")
		return
	}
	log.InfoContext(ctx, "job started", "total", job.Total, "done", job.Done)
	batch := Batch{JobID: job.ID, Holder: r.holder, Limit: batchSize(job.Rate), Lease: r.cfg.Lease}
	for failures := 0; ; {
		began, before := time.Now(), job.Done
		next, err := kind.Step(ctx, batch)
		switch {
		case err == nil:
			job, failures = next, 0
		case fault.KindOf(err) == fault.Conflict:
			log.InfoContext(ctx, "job aborted, or lost to another process", "done", job.Done, "error", err)
			return
		case ctx.Err() == nil:
			log.WarnContext(ctx, "job step failed, will be retried", "error", err)
			failures++
		}
		if err == nil && job.State != Running {
			log.InfoContext(ctx, "job ended", "state", job.State, "total", job.Total, "done", job.Done)
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
		r.log.WarnContext(ctx, "job not released", "job", job.ID, "error", err)
	}
}

// batchSize is how many items one step of a job with the rate does.
func batchSize(rate int64) int {
	if rate == 0 {
		return maxStep
	}
	return int(min(max(rate/stepsASecond, 1), maxStep))
}

// pace is how long n items take at the rate.
func pace(rate, n int64) time.Duration {
	if rate == 0 {
		return 0
	}
	return time.Duration(n) * time.Second / time.Duration(rate)
}
