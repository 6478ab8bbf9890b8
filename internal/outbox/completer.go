package outbox

import (
	"context"
	"fmt"
	"time"

	"vitrine.dev/internal/backoff"
)

// complete flushes to the store how deliveries ended, as soon as it takes them,
// and renews the leases of the messages that are held, until done is closed. As
// the only one to do so it never renews what it has released.
func (d *dispatcher) complete(ctx context.Context, done <-chan struct{}) {
	renew := time.NewTicker(d.cfg.Lease / 3)
	defer renew.Stop()
	health := &health{log: d.log, what: "results"}
	for {
		completed, retry := d.completed, (<-chan time.Time)(nil)
		if err := d.flush(ctx); err != nil {
			failures := health.failed(ctx, err)
			completed, retry = nil, time.After(jitter(backoff.Delay(failures, d.cfg.RetryMin, d.cfg.PauseMax)))
		} else {
			health.succeeded(ctx)
		}
		select {
		case <-completed:
		case <-retry:
		case <-renew.C:
			d.renew(ctx)
		case <-done:
			d.flushLast(ctx)
			return
		}
	}
}

// flush deletes what was delivered and releases what was not, and leaves the
// rest for later when the store fails.
func (d *dispatcher) flush(ctx context.Context) error {
	for ids := d.inFlight.takeDelivered(d.cfg.Batch); len(ids) > 0; ids = d.inFlight.takeDelivered(d.cfg.Batch) {
		if err := d.write(ctx, func(ctx context.Context) error { return d.store.DeleteMessages(ctx, ids) }); err != nil {
			d.inFlight.putBackDelivered(ids)
			return fmt.Errorf("delete messages: %w", err)
		}
		d.inFlight.forget(ids)
		notify(d.flushed)
	}
	for ids, delay := d.inFlight.takeReturned(); len(ids) > 0; ids, delay = d.inFlight.takeReturned() {
		err := d.write(ctx, func(ctx context.Context) error { return d.store.ReleaseMessages(ctx, ids, jitter(delay)) })
		if err != nil {
			d.inFlight.putBackReturned(ids, delay)
			return fmt.Errorf("release messages: %w", err)
		}
		d.inFlight.forget(ids)
		notify(d.flushed)
	}
	return nil
}

// renew extends the leases of all messages that are held. A failure costs
// nothing until the second in a row: it runs at a third of the lease.
func (d *dispatcher) renew(ctx context.Context) {
	ids := d.inFlight.leased()
	if len(ids) == 0 {
		return
	}
	err := d.write(ctx, func(ctx context.Context) error { return d.store.RenewMessages(ctx, ids, d.cfg.Lease) })
	if err != nil {
		d.log.WarnContext(ctx, "leases not renewed", "messages", len(ids), "error", err)
	}
}

// flushLast flushes all before the relay ends. What the store does not take
// within its timeout is redelivered when the leases run out.
func (d *dispatcher) flushLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.StoreTimeout)
	defer cancel()
	for failures := 1; ; failures++ {
		err := d.flush(ctx)
		if err == nil {
			return
		}
		if backoff.Sleep(ctx, backoff.Delay(failures, d.cfg.RetryMin, d.cfg.PauseMax)) != nil {
			d.log.WarnContext(ctx, "results lost by the stop: these messages will be redelivered",
				"messages", len(d.inFlight.leased()), "error", err)
			return
		}
	}
}

func (d *dispatcher) write(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.StoreTimeout)
	defer cancel()
	return call(ctx)
}
