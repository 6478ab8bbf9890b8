package job

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/tracing"
)

// RunnerConfig says how jobs are worked on.
type RunnerConfig struct {
	Poll       time.Duration // how often to look for jobs that another process left
	Lease      time.Duration // a process that is silent for so long has died
	Jobs       int           // jobs at once in this process
	Turn       time.Duration // after how long a job lets another one go on that waits
	Purge      time.Duration // how often to remove what is past its retention
	Retention  time.Duration // how long ended jobs are kept
	FirstPause time.Duration // after a step that failed, doubled with each further one
	LastPause  time.Duration // the longest of those
}

// DefaultRunnerConfig resumes a job that another process left within 15 s, and
// keeps ended ones for 30 days.
func DefaultRunnerConfig() RunnerConfig {
	return RunnerConfig{
		Poll: time.Second, Lease: 15 * time.Second, Jobs: 4, Turn: 10 * time.Second, Purge: time.Hour, Retention: 30 * 24 * time.Hour,
		FirstPause: 100 * time.Millisecond, LastPause: 5 * time.Second,
	}
}

// Runner works on jobs, in any number of processes: each job is leased by one
// of them, and what a dead one leaves is continued by another.
type Runner struct {
	store   Store
	kinds   map[string]Kind
	cfg     RunnerConfig
	log     *slog.Logger
	holder  string // names this process
	woken   chan struct{}
	failing bool // the last look for a job failed: an outage is a WARN once
}

// NewRunner returns a Runner for jobs of the kinds, by their names.
func NewRunner(store Store, kinds map[string]Kind, cfg RunnerConfig, log *slog.Logger) *Runner {
	return &Runner{store: store, kinds: kinds, cfg: cfg, log: log, holder: rand.Text(), woken: make(chan struct{}, 1)}
}

// Wake makes the Runner look for a job at once. It never blocks.
func (r *Runner) Wake() {
	select {
	case r.woken <- struct{}{}:
	default: // it has not yet seen the last one
	}
}

// Run works on jobs until ctx is done, and releases those that are not done.
func (r *Runner) Run(ctx context.Context) error {
	poll, purge := time.NewTicker(r.cfg.Poll), time.NewTicker(r.cfg.Purge)
	defer poll.Stop()
	defer purge.Stop()
	var busy sync.WaitGroup
	defer busy.Wait()
	slots := make(chan struct{}, r.cfg.Jobs)
	r.purge(ctx)
	for {
		for r.begin(ctx, slots, &busy) {
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.woken:
		case <-poll.C:
		case <-purge.C:
			r.purge(ctx)
		}
	}
}

// begin leases a job, where there is a slot and a job, and works on it in the
// background.
func (r *Runner) begin(ctx context.Context, slots chan struct{}, busy *sync.WaitGroup) bool {
	select {
	case slots <- struct{}{}:
	default:
		return false
	}
	job, err := r.store.LeaseJob(ctx, r.holder, r.cfg.Lease)
	failed := err != nil && fault.KindOf(err) != fault.NotFound
	if failed && ctx.Err() == nil {
		level := slog.LevelWarn
		if r.failing {
			level = slog.LevelDebug
		}
		r.log.Log(ctx, level, "cannot look for jobs", "error", err)
	}
	r.failing = failed
	if err != nil {
		<-slots
		return false
	}
	busy.Go(func() {
		defer func() { <-slots; r.Wake() }()
		r.work(ctx, job)
	})
	return true
}

// purge removes what is past its retention.
func (r *Runner) purge(ctx context.Context) {
	err := r.store.PurgeJobs(ctx, r.cfg.Retention)
	for _, k := range r.kinds {
		if k.Purge != nil && err == nil {
			err = k.Purge(ctx, r.cfg.Retention)
		}
	}
	if err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "old jobs not purged", "error", err)
	}
}

const (
	// maxStep is how many items one step does at most.
	maxStep = 200
	// stepsASecond is how finely a rate is spread.
	stepsASecond = 5
)

// work does the job's steps until it ends, or is lost to another process, or its turn is over, or
// ctx is done: a job whose rate makes it last for days holds up no other one.
func (r *Runner) work(ctx context.Context, job Job) {
	ctx = tracing.With(ctx, job.Traceparent)
	log := r.log.With("job", job.ID, "kind", job.Kind)
	kind, known := r.kinds[job.Kind]
	if !known { // of a newer version, whose processes take it when the lease has run out
		log.ErrorContext(ctx, "job of an unknown kind")
		return
	}
	level := slog.LevelInfo
	if job.Done > 0 { // it has another turn
		level = slog.LevelDebug
	}
	begun := sync.OnceFunc(func() { log.Log(ctx, level, "job started", "total", job.Total, "done", job.Done) })
	batch := Batch{JobID: job.ID, Holder: r.holder, Limit: batchSize(job.Rate), Lease: r.cfg.Lease}
	turn := time.Now()
	for failures := 0; ; {
		began, before := time.Now(), job.Done
		next, err := kind.Step(ctx, batch)
		switch {
		case err == nil:
			begun() // not by a look that found nothing to do
			job, failures = next, 0
		case errors.Is(err, ErrLater):
			return
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
		if backoff.Sleep(ctx, wait) != nil || time.Since(turn) >= r.cfg.Turn {
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
