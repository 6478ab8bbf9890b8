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

// lane carries the messages of one route. One goroutine leases and starts
// deliveries, one each delivers, and one (keep) tells the store how they ended.
type lane struct {
	store  Store
	route  Route
	cfg    RelayConfig
	log    *slog.Logger
	ledger *ledger
	target *health
	wake   chan struct{} // something may be due
	ended  chan struct{} // a delivery has ended: there is room
	news   chan struct{} // a delivery has ended: the store has to know
	told   chan struct{} // the store knows more: there may be room
}

func newLane(store Store, route Route, cfg RelayConfig, log *slog.Logger) *lane {
	route.Window = max(route.Window, 1)
	return &lane{
		store: store, route: route, cfg: cfg, log: log, ledger: newLedger(),
		target: &health{log: log, what: "target"},
		wake:   make(chan struct{}, 1), ended: make(chan struct{}, 1), news: make(chan struct{}, 1), told: make(chan struct{}, 1),
	}
}

var errStopped = errors.New("the relay was stopped")

func (l *lane) run(ctx context.Context) {
	var keeper, deliveries sync.WaitGroup
	done := make(chan struct{})
	keeper.Go(func() { l.keep(context.WithoutCancel(ctx), done) })

	delivering, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	l.carry(ctx, func(m Message, epoch int) {
		deliveries.Go(func() {
			l.conclude(ctx, m, epoch, l.deliver(delivering, m))
		})
	})
	expiry := time.AfterFunc(l.cfg.DrainTimeout, func() { cancel(errStopped) })
	defer expiry.Stop()
	deliveries.Wait()
	close(done)
	keeper.Wait()
}

// carry leases and starts deliveries until ctx is done.
func (l *lane) carry(ctx context.Context, start func(Message, int)) {
	poll := time.NewTicker(l.cfg.Poll)
	defer poll.Stop()
	health := &health{log: l.log, what: "store"}
	// due: there may be something to lease; more: there is, the last lease was
	// full. A backlog is leased a fair part of the window at a time rather than
	// in a statement for each place that becomes free.
	due, more := true, false
	part := max(min(l.cfg.Batch, l.route.Window/4), 1)
	for ctx.Err() == nil {
		free, pause := l.ledger.free(l.route.Window, l.cfg.Batch)
		wanted := (due && free > 0) || (more && free >= part)
		if wanted {
			if free = l.room(ctx, free); free == 0 {
				pause, due, more = fullPause, true, false
			}
		}
		if wanted && free > 0 {
			n, err := l.lease(ctx, free, start)
			due, more = false, n == free
			if err != nil {
				failures := health.failed(ctx, err)
				l.ledger.pause(jitter(backoff.Delay(failures, l.cfg.RetryMin, l.cfg.PauseMax)))
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
		case <-l.wake:
			due = true
		case <-resume:
			due = true
		case <-l.ended:
		case <-l.told:
		}
	}
}

// fullPause is how long a lane waits before it asks a full target again.
const fullPause = 50 * time.Millisecond

// room returns how many of free places the target has room for.
func (l *lane) room(ctx context.Context, free int) int {
	if l.route.Room == nil {
		return free
	}
	ctx, cancel := context.WithTimeout(ctx, l.cfg.StoreTimeout)
	defer cancel()
	room, err := l.route.Room(ctx)
	if err != nil {
		return free // the deliveries will tell
	}
	return min(free, max(0, room-l.ledger.underWay()))
}

// lease leases at most limit messages and starts their deliveries. The
// statement is not cut off by a stop: what it leases must be known to be
// delivered or given back.
func (l *lane) lease(ctx context.Context, limit int, start func(Message, int)) (int, error) {
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.StoreTimeout)
	defer cancel()
	messages, err := l.store.LeaseMessages(call, l.route.Topic, limit, l.cfg.Lease)
	if err != nil {
		return 0, fmt.Errorf("lease messages: %w", err)
	}
	epoch := l.ledger.lease(messages, l.cfg)
	for _, m := range messages {
		if ctx.Err() != nil {
			l.ledger.interrupted(m.ID)
			continue
		}
		start(m, epoch)
	}
	return len(messages), nil
}

// deliver makes an error of a panic, so that one message cannot stop the others.
func (l *lane) deliver(ctx context.Context, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("delivery panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return l.route.Deliver(ctx, m)
}

// conclude notes how a delivery ended. What fails after ctx, the relay's, is
// done may have failed by the stop, and goes back for another relay to take.
func (l *lane) conclude(ctx context.Context, m Message, epoch int, err error) {
	switch {
	case err == nil:
		l.ledger.done(m.ID)
		l.target.succeeded(ctx)
	case ctx.Err() != nil:
		l.ledger.interrupted(m.ID)
		l.log.InfoContext(ctx, "delivery ended by the stop", "message", m.ID, "error", err)
	case fault.KindOf(err) == fault.Unavailable:
		if l.ledger.unavailable(m.ID, epoch, l.cfg) {
			l.target.failed(ctx, err)
		}
	default:
		delay := l.ledger.refused(m.ID, l.cfg)
		l.log.WarnContext(ctx, "delivery failed", "message", m.ID, "delay", delay, "error", err)
	}
	notify(l.ended)
	notify(l.news)
}
