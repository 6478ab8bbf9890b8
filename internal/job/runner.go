package job

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
)

// RunnerConfig says how jobs are worked on.
type RunnerConfig struct {
	Poll       time.Duration // how often to look for jobs that another process left
	Lease      time.Duration // a process that is silent for so long has died
	Jobs       int           // jobs at once in this process
	Purge      time.Duration // how often to remove what is past its retention
	Retention  time.Duration // how long ended jobs are kept
	FirstPause time.Duration // after a step that failed, doubled with each further one
	LastPause  time.Duration // the longest of those
}

// DefaultRunnerConfig resumes a job that another process left within 15 s, and
// keeps ended ones for 30 days.
func DefaultRunnerConfig() RunnerConfig {
	return RunnerConfig{
		Poll: time.Second, Lease: 15 * time.Second, Jobs: 4, Purge: time.Hour, Retention: 30 * 24 * time.Hour,
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
