package outbox

import (
	"context"
	"fmt"
	"time"

	"vitrine.dev/internal/backoff"
)

// keep tells the store how deliveries ended, whenever it is free to listen, and
// renews the leases of the messages that are held, until done is closed. As the
// only one to do so it never renews what it has given back.
func (l *lane) keep(ctx context.Context, done <-chan struct{}) {
	renew := time.NewTicker(l.cfg.Lease / 3)
	defer renew.Stop()
	health := &health{log: l.log, what: "results"}
	for {
		news, retry := l.news, (<-chan time.Time)(nil)
		if err := l.tell(ctx); err != nil {
			failures := health.failed(ctx, err)
			news, retry = nil, time.After(jitter(backoff.Delay(failures, l.cfg.RetryMin, l.cfg.PauseMax)))
		} else {
			health.succeeded(ctx)
		}
		select {
		case <-news:
		case <-retry:
		case <-renew.C:
			l.renew(ctx)
		case <-done:
			l.tellLast(ctx)
			return
		}
	}
}

// tell deletes what was delivered and releases what was not, and leaves the
// rest for later when the store fails.
func (l *lane) tell(ctx context.Context) error {
	for ids := l.ledger.takeDelivered(l.cfg.Batch); len(ids) > 0; ids = l.ledger.takeDelivered(l.cfg.Batch) {
		if err := l.write(ctx, func(ctx context.Context) error { return l.store.DeleteMessages(ctx, ids) }); err != nil {
			l.ledger.putBackDelivered(ids)
			return fmt.Errorf("delete messages: %w", err)
		}
		l.ledger.forget(ids)
		notify(l.told)
	}
	for ids, delay := l.ledger.takeReturned(); len(ids) > 0; ids, delay = l.ledger.takeReturned() {
		err := l.write(ctx, func(ctx context.Context) error { return l.store.ReleaseMessages(ctx, ids, jitter(delay)) })
		if err != nil {
			l.ledger.putBackReturned(ids, delay)
			return fmt.Errorf("release messages: %w", err)
		}
		l.ledger.forget(ids)
		notify(l.told)
	}
	return nil
}

// renew extends the leases of all messages that are held. A failure costs
// nothing until the second in a row: it runs at a third of the lease.
func (l *lane) renew(ctx context.Context) {
	ids := l.ledger.leased()
	if len(ids) == 0 {
		return
	}
	err := l.write(ctx, func(ctx context.Context) error { return l.store.RenewMessages(ctx, ids, l.cfg.Lease) })
	if err != nil {
		l.log.WarnContext(ctx, "leases not renewed", "messages", len(ids), "error", err)
	}
}

// tellLast tells all before the relay ends. What the store cannot hear within
// its timeout comes again when the leases run out.
func (l *lane) tellLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.StoreTimeout)
	defer cancel()
	for failures := 1; ; failures++ {
		err := l.tell(ctx)
		if err == nil {
			return
		}
		if backoff.Sleep(ctx, backoff.Delay(failures, l.cfg.RetryMin, l.cfg.PauseMax)) != nil {
			l.log.WarnContext(ctx, "results lost by the stop: these messages will come again",
				"messages", len(l.ledger.leased()), "error", err)
			return
		}
	}
}

func (l *lane) write(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.StoreTimeout)
	defer cancel()
	return call(ctx)
}
