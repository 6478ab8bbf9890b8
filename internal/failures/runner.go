package failures

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// RunnerConfig says how jobs are worked on.
type RunnerConfig struct {
	Poll       time.Duration // how often to look for jobs that another process left
	Lease      time.Duration // a process that is silent for so long has died
	Jobs       int           // jobs at once in this process
	Tidy       time.Duration // how often to remove what is past its retention
	Keep       time.Duration // the retention
	FirstPause time.Duration // after a step that failed, doubled with each further one
	LastPause  time.Duration // the longest of those
}

// DefaultRunnerConfig takes up a job that another process left within 15 s.
func DefaultRunnerConfig() RunnerConfig {
	return RunnerConfig{
		Poll: time.Second, Lease: 15 * time.Second, Jobs: 4, Tidy: time.Hour, Keep: Retention,
		FirstPause: 100 * time.Millisecond, LastPause: 5 * time.Second,
	}
}

// Runner works on jobs, in any number of processes: each job is leased by one
// of them, and what a dead one leaves is continued by another.
type Runner struct {
	store    Store
	announce catalog.Announcer
	cfg      RunnerConfig
	log      *slog.Logger
	holder   string // names this process
	woken    chan struct{}
	failing  bool // the last look for a job failed: an outage is a WARN once
}

// NewRunner returns a Runner.
func NewRunner(store Store, announce catalog.Announcer, cfg RunnerConfig, log *slog.Logger) *Runner {
	return &Runner{
		store: store, announce: announce, cfg: cfg, log: log,
		holder: rand.Text(), woken: make(chan struct{}, 1),
	}
}

// Wake has the Runner look for a job at once. It never blocks.
func (r *Runner) Wake() {
	select {
	case r.woken <- struct{}{}:
	default: // it has not yet seen the last one
	}
}

// Run works on jobs until ctx is done, and gives back those that are not done.
func (r *Runner) Run(ctx context.Context) error {
	poll, tidy := time.NewTicker(r.cfg.Poll), time.NewTicker(r.cfg.Tidy)
	defer poll.Stop()
	defer tidy.Stop()
	var busy sync.WaitGroup
	defer busy.Wait()
	slots := make(chan struct{}, r.cfg.Jobs)
	r.tidy(ctx)
	for {
		for r.begin(ctx, slots, &busy) {
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.woken:
		case <-poll.C:
		case <-tidy.C:
			r.tidy(ctx)
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
		r.log.Log(ctx, level, "no look at dead letter jobs", "error", err)
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

func (r *Runner) tidy(ctx context.Context) {
	if err := r.store.TidyDead(ctx, r.cfg.Keep); err != nil && ctx.Err() == nil {
		r.log.WarnContext(ctx, "dead letters not tidied", "error", err)
	}
}
