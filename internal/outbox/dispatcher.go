package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

// dispatcher delivers the messages of one route. One goroutine leases and starts
// deliveries (dispatchLoop), one each delivers, and one (the completer) writes
// to the store how they ended.
type dispatcher struct {
	store     Store
	route     Route
	cfg       RelayConfig
	log       *slog.Logger
	inFlight  *inFlight
	target    *health
	wake      chan struct{} // something may be due
	ended     chan struct{} // a delivery has ended: there is room
	completed chan struct{} // a delivery has ended: the completer has to flush
	flushed   chan struct{} // the store knows more: there may be room
}

func newDispatcher(store Store, route Route, cfg RelayConfig, log *slog.Logger) *dispatcher {
	route.Window = max(route.Window, 1)
	return &dispatcher{
		store: store, route: route, cfg: cfg, log: log, inFlight: newInFlight(),
		target: &health{log: log, what: "target"},
		wake:   make(chan struct{}, 1), ended: make(chan struct{}, 1), completed: make(chan struct{}, 1), flushed: make(chan struct{}, 1),
	}
}

var errStopped = errors.New("the relay was stopped")

func (d *dispatcher) run(ctx context.Context) {
	var completer, deliveries sync.WaitGroup
	done := make(chan struct{})
	completer.Go(func() { d.complete(context.WithoutCancel(ctx), done) })

	delivering, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	d.dispatchLoop(ctx, func(m Message, epoch int) {
		deliveries.Go(func() {
			d.finish(ctx, m, epoch, d.deliver(delivering, m))
		})
	})
	expiry := time.AfterFunc(d.cfg.DrainTimeout, func() { cancel(errStopped) })
	defer expiry.Stop()
	deliveries.Wait()
	close(done)
	completer.Wait()
}

// dispatchLoop leases and starts deliveries until ctx is done.
func (d *dispatcher) dispatchLoop(ctx context.Context, start func(Message, int)) {
	poll := time.NewTicker(d.cfg.Poll)
	defer poll.Stop()
	health := &health{log: d.log, what: "store"}
	// due: there may be something to lease; more: there is, the last lease was
	// full. A backlog is leased a fair part of the window at a time rather than
	// in a statement for each slot that becomes free.
	due, more := true, false
	part := max(min(d.cfg.Batch, d.route.Window/4), 1)
	for ctx.Err() == nil {
		free, pause := d.inFlight.free(d.route.Window, d.cfg.Batch)
		wanted := (due && free > 0) || (more && free >= part)
		if wanted {
			if free = d.room(ctx, free); free == 0 {
				pause, due, more = fullPause, true, false
			}
		}
		if wanted && free > 0 {
			n, err := d.lease(ctx, free, start)
			due, more = false, n == free
			if err != nil {
				failures := health.failed(ctx, err)
				d.inFlight.pause(jitter(backoff.Delay(failures, d.cfg.RetryMin, d.cfg.PauseMax)))
				due, more = true, false
				continue
			}
			health.succeeded(ctx)
			if more {
				continue
			}
		}
		var resume <-chan time.Time
		if pause > 0 {
			resume = time.After(pause)
		}
		select {
		case <-ctx.Done():
		case <-poll.C:
			due = true
		case <-d.wake:
			due = true
		case <-resume:
			due = true
		case <-d.ended:
		case <-d.flushed:
		}
	}
}

// fullPause is how long a dispatcher waits before it asks a full target again.
const fullPause = 50 * time.Millisecond

// room returns how many of so many messages the target has room for.
func (d *dispatcher) room(ctx context.Context, free int) int {
	if d.route.Room == nil {
		return free
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.StoreTimeout)
	defer cancel()
	room, err := d.route.Room(ctx)
	if err != nil {
		return free // the deliveries will show it
	}
	return min(free, max(0, room-d.inFlight.underWay()))
}

// lease leases at most limit messages and starts their deliveries. The
// statement is not cut off by a stop: what it leases must be known to be
// delivered or given back.
func (d *dispatcher) lease(ctx context.Context, limit int, start func(Message, int)) (int, error) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.cfg.StoreTimeout)
	defer cancel()
	messages, err := d.store.LeaseMessages(call, d.route.Topic, limit, d.cfg.Lease)
	if err != nil {
		return 0, fmt.Errorf("lease messages: %w", err)
	}
	epoch := d.inFlight.lease(messages, d.cfg)
	for _, m := range messages {
		if ctx.Err() != nil {
			d.inFlight.interrupted(m.ID)
			continue
		}
		start(m, epoch)
	}
	return len(messages), nil
}

// deliver makes an error of a panic, so that one message cannot stop the others.
func (d *dispatcher) deliver(ctx context.Context, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("delivery panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return d.route.Deliver(ctx, m)
}

// finish notes how a delivery ended. What fails after ctx, the relay's, is
// done may have failed by the stop, and is released for another relay to take.
func (d *dispatcher) finish(ctx context.Context, m Message, epoch int, err error) {
	switch {
	case err == nil:
		d.inFlight.done(m.ID)
		d.target.succeeded(ctx)
	case ctx.Err() != nil:
		d.inFlight.interrupted(m.ID)
		d.log.InfoContext(ctx, "delivery ended by the stop", "message", m.ID, "error", err)
	case fault.KindOf(err) == fault.Unavailable:
		if d.inFlight.unavailable(m.ID, epoch, d.cfg) {
			d.target.failed(ctx, err)
		}
	default:
		delay := d.inFlight.refused(m.ID, d.cfg)
		d.log.WarnContext(ctx, "delivery failed", "message", m.ID, "delay", delay, "error", err)
	}
	notify(d.ended)
	notify(d.completed)
}
