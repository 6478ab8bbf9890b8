package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/queue"
)

// Dispatcher hands the jobs of images to the queue. Any number may work on one
// store.
type Dispatcher struct {
	store Store
	queue Queue
	wake  Wake
	cfg   Config
	log   *slog.Logger

	publisher *publisher
	storing   *backoff.Outage
	capacity  capacity
	memory    memory
	pace      *rate.Limiter // of steps, by the clock paused
	paused    time.Time     // a clock that stands still during steps, so that there are pauses between slow ones, too
	left      bool          // others are in line or due
	full      bool          // the last step found no room
}

// New returns a Dispatcher. Where others dispatch as well, wake is for the commits of
// this process alone: each looks after what its own process has changed.
func New(store Store, q Queue, wake Wake, cfg Config, log *slog.Logger) *Dispatcher {
	cfg.Limits.Life = cfg.Life
	d := &Dispatcher{
		store: store, queue: q, wake: wake, cfg: cfg, log: log, storing: newOutage(log), capacity: capacity{lease: cfg.Lease},
		pace: rate.NewLimiter(rate.Every(cfg.Gap), max(cfg.Burst, 1)), paused: time.Now(),
	}
	d.publisher = newPublisher(store, q, d.cfg, log)
	return d
}

var errStopped = errors.New("the dispatcher was stopped")

// Run dispatches until ctx is done. It then gives what it is publishing
// DrainTimeout to end, takes the rest back, and returns nil. It is called once.
func (d *Dispatcher) Run(ctx context.Context) error {
	publishing, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	hints := d.wake(ctx)
	woken := true
	for ctx.Err() == nil {
		wait, gap := d.turn(ctx, publishing, woken)
		began := time.Now()
		woken = d.wait(ctx, hints, wait, gap)
		d.paused = d.paused.Add(time.Since(began))
	}
	expiry := time.AfterFunc(d.cfg.DrainTimeout, func() { cancel(errStopped) })
	defer expiry.Stop()
	d.publisher.drain()
	return nil
}

// turn takes a step, if there is reason to. It returns how long to wait for the
// next unless something happens, and how long in any case.
func (d *Dispatcher) turn(ctx, publishing context.Context, woken bool) (wait, gap time.Duration) {
	free, pause := d.publisher.free()
	if pause > 0 {
		return pause, pause
	}
	ready := d.ready(ctx)
	full := free == 0 || ready >= d.cfg.Depth
	if full && !woken {
		return d.pause(), d.cfg.Full
	}
	noRoom := full || d.full
	d.capacity.refresh(ctx, d.store, d.cfg.StoreTimeout)
	// A step that was begun is not cut off by a stop: what it dispatches must be
	// known to be published or taken back.
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.cfg.StoreTimeout)
	defer cancel()
	p := &plan{memory: d.memory, limits: d.limits(), free: free, queued: d.cfg.Depth, ready: ready}
	request := Request{
		Life: d.cfg.Life, Ranks: d.cfg.Limits.Host,
		Walk: time.Since(p.walked) >= d.cfg.Walk, Cursor: p.cursor, Users: p.backlog, After: p.user,
	}
	if request.Walk {
		p.walks, p.walked = true, time.Now()
	}
	step, err := d.store.DispatchStep(call, request, p)
	if err != nil {
		failures := d.storing.Failed(ctx, "store", err)
		pause := backoff.Spread(backoff.Delay(failures, d.cfg.RetryMin, d.cfg.PauseMax))
		return pause, pause
	}
	d.storing.Succeeded(ctx)
	if !step.Busy {
		d.memory, d.full = p.remembered(), p.full()
	}
	if len(step.Jobs) > 0 {
		failpoint.Crash(failpoint.Dispatched)
		for i := range step.Jobs {
			step.Jobs[i].Contended = step.Left || step.More || d.memory.parked
		}
		d.publisher.publish(ctx, publishing, step.Jobs)
	}
	switch {
	case step.Busy: // another looks at the same moment
		return d.cfg.Full, d.cfg.Full
	case step.More:
		return 0, 0
	}
	d.left = step.Left
	if noRoom {
		return d.pause(), d.cfg.Full
	}
	return d.pause(), d.pace.ReserveN(d.paused, 1).DelayFrom(d.paused)
}

// limits are those of the configuration, with the slots of the workers that are alive.
func (d *Dispatcher) limits() Limits {
	l := d.cfg.Limits
	l.Slots = max(d.capacity.slots, minSlots)
	return l
}

// pause is how long to wait for the next step without being woken.
func (d *Dispatcher) pause() time.Duration {
	if d.left {
		return d.cfg.Full
	}
	return d.cfg.Poll
}

// ready returns how many messages wait at the queue for a worker: none where it
// cannot be asked, which publishing will show.
func (d *Dispatcher) ready(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.StoreTimeout)
	defer cancel()
	depth, err := d.queue.Depth(ctx, queue.Work)
	if err != nil {
		return 0
	}
	return depth.Ready
}

// wait returns after the gap, once it is woken or wait is over. It reports
// whether there may be something new to look at.
func (d *Dispatcher) wait(ctx context.Context, hints <-chan struct{}, wait, gap time.Duration) (woken bool) {
	if backoff.Sleep(ctx, gap) != nil {
		return false
	}
	poll := time.NewTimer(max(0, wait-gap))
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-poll.C:
			return wait != d.cfg.Full // else there may be room
		case _, open := <-hints:
			if open {
				return true
			}
			hints = nil // polling goes on
		case <-d.publisher.ended:
			// A backlog is dispatched a fair part of the window at a time rather
			// than in a step for each slot that becomes free.
			if free, _ := d.publisher.free(); d.left && free >= max(d.queue.Window()/4, 1) {
				return true
			}
		}
	}
}
