package webhook

import (
	"context"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/processes"
)

// lease says until when this process may deliver.
type lease struct {
	leases processes.Leases
	holder string
	life   time.Duration

	mu    sync.Mutex
	until time.Time
}

// newLease is a lease that was asked for at a moment.
func newLease(leases processes.Leases, holder string, asked time.Time, life time.Duration) *lease {
	return &lease{leases: leases, holder: holder, life: life, until: asked.Add(life)}
}

// left returns for how long it is certain that no other process delivers.
func (l *lease) left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}

// keep renews the lease until ctx is done, and returns an error where it is lost.
func (l *lease) keep(ctx context.Context) error {
	for backoff.Sleep(ctx, l.life/6) == nil {
		asked := time.Now()
		within, cancel := context.WithTimeout(ctx, l.life/6)
		err := l.leases.RenewLease(within, leaseName, l.holder, l.life)
		cancel()
		switch {
		case err == nil:
			l.mu.Lock()
			l.until = asked.Add(l.life)
			l.mu.Unlock()
		case ctx.Err() != nil:
		case fault.KindOf(err) == fault.Conflict, l.left() <= l.life/6:
			return err
		}
	}
	return nil
}

// release lets another process go on at once. Where it fails the lease runs out by itself.
func (l *lease) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.life/6)
	defer cancel()
	_ = l.leases.EndLease(ctx, leaseName, l.holder)
}
