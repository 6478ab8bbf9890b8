package webhook

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// mostUnwritten is how many results there are at most that are not written, while the database
// is unavailable.
const mostUnwritten = 100

// worker delivers to one endpoint. What is not behind the mutex belongs to the goroutine of
// run.
type worker struct {
	r     *Runner
	lease *lease
	user  int64
	log   *slog.Logger

	taking context.Context // no request begins after its end
	stop   context.CancelFunc
	woken  chan struct{}
	done   chan attempt
	// Behind the runner's mutex:
	unread   bool // there may be events
	finished bool // run has returned

	mu    sync.Mutex
	claim Claim // as it was read last

	head        int64          // everything of the log up to there was read
	outstanding map[int64]bool // ids of events that are queued, in flight or not recorded
	rows        map[int64]bool // and deliveries that have a row
	again       Range
	health      Health
	resume      time.Time // when the pause is over, by this process's clock
	queue       []Delivery
	flying      int
	ended       []Result
	written     time.Time
	moved       bool          // head or again is not written
	took        time.Duration // the last answer
}

// attempt is a delivery whose request has ended, or was not made.
type attempt struct {
	delivery Delivery
	answer   Answer
	made     bool
}

func newWorker(taking context.Context, r *Runner, l *lease, c Claim) *worker {
	w := &worker{
		r: r, lease: l, user: c.UserID, log: r.Log.With("webhook", c.ID, "user", c.UserID),
		woken: make(chan struct{}, 1), done: make(chan attempt, r.cfg.PerEndpoint), unread: true, claim: c,
		head: c.Position, outstanding: map[int64]bool{}, rows: map[int64]bool{}, again: c.Again, health: c.Health, written: time.Now(),
	}
	w.taking, w.stop = context.WithCancel(taking)
	if c.Ahead {
		w.log.WarnContext(taking, "webhook had read further than the log of events reaches, which was set back; it goes on at its end", "position", c.Position)
	}
	return w
}

func (w *worker) over() bool { return w.taking.Err() != nil }

func (w *worker) wake() {
	select {
	case w.woken <- struct{}{}:
	default: // it has not yet seen the last one
	}
}

// pause waits after a failure of the database, longer with every one.
func (w *worker) pause(err error) { w.r.pause(w.taking, "database", err) }

// change passes on how the endpoint was read.
func (w *worker) change(c Claim) {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := c.Due || !c.Again.Empty() || !c.UpdatedAt.Equal(w.claim.UpdatedAt)
	w.claim = c
	if changed {
		w.wake()
	}
}

func (w *worker) endpoint() Claim {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.claim
}

// run delivers until the endpoint is stopped and what is in flight has ended, or sending is
// over.
func (w *worker) run(sending context.Context) {
	defer w.stop()
	w.resumeAfter(w.health, w.endpoint().ReadAt)
	restored := w.restore(sending)
	for {
		if !restored && !w.over() {
			restored = w.restore(sending)
		}
		if !time.Now().Before(w.resume) {
			w.resume = time.Time{}
		}
		if restored && !w.over() {
			w.fill(sending)
			w.launch(sending)
		}
		if w.toRecord() && !w.record(sending) {
			return
		}
		if sending.Err() != nil || w.over() && w.flying == 0 && len(w.ended) == 0 && !w.moved {
			return
		}
		w.await(sending)
	}
}

// await waits for what may let the worker go on.
func (w *worker) await(sending context.Context) {
	wait := w.r.cfg.Idle
	if len(w.ended) > 0 || w.moved {
		wait = min(wait, w.r.cfg.Save)
	}
	if !w.resume.IsZero() {
		wait = min(wait, max(0, time.Until(w.resume)))
	} else if len(w.queue) > 0 && w.flying < w.most() { // the lease was short
		wait = min(wait, w.r.cfg.Poll)
	}
	stopped := w.taking.Done()
	if w.over() {
		stopped = nil
	}
	select {
	case a := <-w.done:
		w.land(a)
	case <-w.woken:
	case <-stopped:
	case <-sending.Done():
	case <-time.After(wait):
	}
}

// launch sends as much as may be under way.
func (w *worker) launch(sending context.Context) {
	for len(w.queue) > 0 && w.flying < w.most() && !w.failed() && len(w.ended) < mostUnwritten && w.resume.IsZero() && w.lease.left() > w.r.cfg.Timeout {
		d := w.queue[0]
		w.queue = w.queue[1:]
		w.flying++
		c, slow := w.endpoint(), w.took > w.r.cfg.Slow
		go func() { w.done <- w.r.attempt(sending, w.taking, w.lease, c, d, slow) }()
	}
}

// most is how many may be under way.
func (w *worker) most() int {
	if w.health.Failures >= w.r.cfg.Policy.Failures {
		return 1
	}
	return w.r.cfg.PerEndpoint
}

// failed reports whether a failure has not been written: what it means is not known yet.
func (w *worker) failed() bool {
	return slices.ContainsFunc(w.ended, func(r Result) bool { return !r.Answer.Delivered() })
}

// land takes what has ended.
func (w *worker) land(a attempt) {
	w.flying--
	if !a.made {
		w.queue = append([]Delivery{a.delivery}, w.queue...)
		return
	}
	w.took = a.answer.Duration
	result := w.r.cfg.Policy.result(a.delivery, a.answer)
	w.ended = append(w.ended, result)
	if w.r.Observe != nil {
		w.r.Observe(result.State)
	}
}
