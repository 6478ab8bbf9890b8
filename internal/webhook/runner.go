package webhook

import (
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/processes"
)

// leaseName is the name under which one process at a time delivers, and as a reader of the log.
const leaseName = "webhooks"

// RunnerConfig tunes a Runner.
type RunnerConfig struct {
	Policy  Policy
	Timeout time.Duration // of one request, from its beginning to the end of the answer
	Lease   time.Duration // how long no one delivers after the process that did has died; above Timeout
	Poll    time.Duration // how often changes of endpoints, and deliveries whose time has come, are looked for
	Save    time.Duration // how often what has ended is written at most
	Idle    time.Duration // how often the position of an endpoint is written to which nothing is sent
	Drain   time.Duration // how long requests may go on after the stop
	// Most requests at once: in total, to endpoints whose answers take longer than Slow, and
	// to one endpoint.
	Total, TotalSlow, PerEndpoint int
	Slow                          time.Duration
}

// DefaultRunnerConfig has the specification's shortest limit of time, 15 s.
func DefaultRunnerConfig() RunnerConfig {
	return RunnerConfig{
		Policy: DefaultPolicy(), Timeout: 15 * time.Second, Lease: 30 * time.Second, Poll: time.Second, Save: 200 * time.Millisecond,
		Idle: 5 * time.Minute, Drain: 20 * time.Second, Total: 256, TotalSlow: 192, PerEndpoint: 4, Slow: time.Second,
	}
}

// Parts are what a Runner is made of.
type Parts struct {
	Outbox  Outbox
	Leases  processes.Leases
	Horizon *events.Horizon
	Sender  Sender
	Box     Box
	Epoch   func(context.Context) (string, error) // of the installation
	Observe func(State)                           // told of each request that has ended, by where its delivery is then; nil: no one is
	Log     *slog.Logger
}

// Runner delivers to all endpoints. Any number may run, in one process each; one of them
// delivers at a time, under a lease, and what it leaves is taken up by another. Each endpoint
// has a worker of its own, so that none waits for another.
type Runner struct {
	Parts

	cfg    RunnerConfig
	holder string // names this process
	outage *backoff.Outage
	total  slots
	slow   slots

	mu      sync.Mutex
	workers map[int64]*worker
	seen    int64 // up to there the workers were told of events; 0: not known
}

// NewRunner returns a Runner.
func NewRunner(p Parts, cfg RunnerConfig) *Runner {
	return &Runner{
		Parts: p, cfg: cfg, holder: rand.Text(), total: make(slots, cfg.Total), slow: make(slots, cfg.TotalSlow), workers: map[int64]*worker{},
		outage: backoff.NewOutage(p.Log, "webhooks are held up", "webhooks go on"),
	}
}

// Run delivers until ctx is done. It then gives requests Drain to end, keeps what has ended,
// ends the lease and returns nil. Run is called once.
func (r *Runner) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		began := time.Now()
		err := r.Leases.TakeLease(ctx, leaseName, r.holder, r.cfg.Lease)
		switch {
		case err == nil:
			r.hold(ctx, newLease(r.Leases, r.holder, began, r.cfg.Lease))
		case fault.KindOf(err) == fault.Conflict: // another process delivers
			r.outage.Succeeded(ctx)
			_ = backoff.Sleep(ctx, backoff.Jitter(r.cfg.Lease/3)) // its end ends the loop
		default:
			r.pause(ctx, "lease", err)
		}
	}
	return nil
}

func (r *Runner) pause(ctx context.Context, part string, err error) {
	if ctx.Err() == nil {
		failures := r.outage.Failed(ctx, part, err)
		_ = backoff.Sleep(ctx, backoff.Jitter(backoff.Delay(failures, r.cfg.Poll/2, 5*r.cfg.Poll))) // its end ends the caller's loop
	}
}

// hold delivers under the lease until it is lost or ctx is done.
func (r *Runner) hold(ctx context.Context, l *lease) {
	sending, abort := context.WithCancel(context.WithoutCancel(ctx)) // what has begun ends after the stop
	defer abort()
	taking, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(r.cfg.Drain, abort) })()
	var renewing, working sync.WaitGroup
	renewing.Go(func() {
		if l.keep(sending) != nil {
			r.Log.WarnContext(ctx, "webhooks: the lease is lost; another process goes on")
			stop()
			abort()
		}
	})
	working.Go(func() {
		open := func(ctx context.Context) (events.Next, error) { return r.Horizon.NamedTail(ctx, leaseName) }
		_ = events.Follow(taking, open, r.outage, func() { r.notify(nil, 0) }, func(b events.Batch) { r.heard(b) }) // always nil
	})
	for taking.Err() == nil {
		r.forgetEnded()
		claims, err := r.Outbox.ClaimWebhooks(taking, r.holder)
		if err != nil {
			r.pause(taking, "database", err)
			continue
		}
		r.outage.Succeeded(ctx)
		r.apply(taking, sending, l, claims, &working)
		_ = backoff.Sleep(taking, r.cfg.Poll) // its end ends the loop
	}
	working.Wait()
	abort()
	renewing.Wait()
	l.release(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.workers, r.seen = map[int64]*worker{}, 0
}

// forgetEnded forgets the workers that have ended: what is read from now on has all that they have written.
func (r *Runner) forgetEnded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.workers, func(_ int64, w *worker) bool { return w.finished })
}

// apply begins, changes and ends workers, so that there is one for each claim.
func (r *Runner) apply(taking, sending context.Context, l *lease, claims []Claim, working *sync.WaitGroup) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gone := maps.Clone(r.workers)
	for _, c := range claims {
		w, there := r.workers[c.ID]
		if there && !w.over() {
			delete(gone, c.ID)
			w.change(c)
			continue
		}
		if there { // it ends, or has ended since the claim was read, which may say less than it has written: the next look begins another
			continue
		}
		w = newWorker(taking, r, l, c)
		r.workers[c.ID] = w
		working.Go(func() {
			w.run(sending)
			r.mu.Lock()
			defer r.mu.Unlock()
			w.finished = true
		})
	}
	for _, w := range gone {
		w.stop()
	}
}

// heard tells the workers of events that are committed.
func (r *Runner) heard(b events.Batch) {
	if b.Skipped > 0 || len(b.Events) == 0 {
		r.notify(nil, 0)
		return
	}
	users := map[int64]bool{}
	for _, e := range b.Events {
		users[e.UserID] = true
	}
	r.notify(users, b.Events[len(b.Events)-1].ID)
}

// notify has the workers of the users (nil: all) read the log, of which they have been told up
// to the id.
func (r *Runner) notify(users map[int64]bool, seen int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = seen
	for _, w := range r.workers {
		if users == nil || users[w.user] {
			w.unread = true
			w.wake()
		}
	}
}

// toRead reports whether there may be events for the worker, and resets that. Where there are
// none it returns how far there are none.
func (r *Runner) toRead(w *worker) (may bool, none int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	may, w.unread = w.unread, false
	return may, r.seen
}

// readAgain has the worker look for more.
func (r *Runner) readAgain(w *worker) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.unread = true
}

// slots bound how many do something at once.
type slots chan struct{}

func (s slots) take(ctx context.Context) bool {
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s slots) give() { <-s }
