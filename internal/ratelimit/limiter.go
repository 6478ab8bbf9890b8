package ratelimit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
)

const (
	// askAgain is after how long leases that fail are asked for again, by one request.
	askAgain = time.Second
	// mostAsked bounds the leases under way; whoever comes on top counts alone.
	mostAsked = 256
	// mostWaits bounds for how many leases a request waits: as many make up a quota.
	mostWaits = leasePart
)

// Limiter applies a policy. It is safe for concurrent use.
type Limiter struct {
	policy Policy
	leases Leases // nil: this process counts alone
	outage *backoff.Outage

	mu      sync.Mutex
	clients clients
	asked   int       // leases under way
	failing bool      // leases fail
	retry   time.Time // when they are tried again
}

// New returns a Limiter of the policy. leases may be nil: the process counts alone.
func New(p Policy, leases Leases, log *slog.Logger) *Limiter {
	return &Limiter{policy: p, leases: leases, outage: backoff.NewOutage(log,
		"limits on requests are not shared: each process counts alone", "limits on requests are shared again")}
}

// Policy returns the policy.
func (l *Limiter) Policy() Policy { return l.policy }

// Take counts a request of who. It waits at most for leases that are under way, and while ctx lasts.
func (l *Limiter) Take(ctx context.Context, who string) Status {
	for waits := 0; ; waits++ {
		status, asked := l.try(ctx, who)
		if status.Allowed || asked == nil || waits == mostWaits {
			return status
		}
		select {
		case <-asked:
		case <-ctx.Done():
			return status
		}
	}
}

// try is Take without waiting: asked is closed when it is worth trying again, nil for
// never.
func (l *Limiter) try(ctx context.Context, who string) (s Status, asked chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	b := l.clients.bucket(who, now, l.policy.Window)
	b.roll(now, l.policy.Window)
	alone := l.leases == nil || l.failing || b.asked == nil && l.asked >= mostAsked
	s.Allowed = b.spent < b.ceiling(l.policy, alone)
	if s.Allowed {
		b.spent++
	}
	if want := b.wanted(l.policy); want > 0 && l.mayAsk(now) {
		b.asked = make(chan struct{})
		l.asked++
		go l.ask(context.WithoutCancel(ctx), who, b, want)
	}
	if s.Reset = b.end.Sub(now); s.Allowed {
		s.Remaining = b.remaining(l.policy, alone)
	} else if !b.exhausted && !alone {
		asked = b.asked
	}
	return s, asked
}

func (l *Limiter) mayAsk(now time.Time) bool {
	if l.leases == nil || l.asked >= mostAsked || l.failing && now.Before(l.retry) {
		return false
	}
	l.retry = now.Add(askAgain)
	return true
}

// ask leases so much for the bucket.
func (l *Limiter) ask(ctx context.Context, who string, b *bucket, want int64) {
	lease, err := l.leases.Lease(ctx, l.policy, who, want)
	if err != nil {
		l.outage.Failed(ctx, "rate limit "+l.policy.Name, err)
	} else {
		l.outage.Succeeded(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.failing = err != nil; l.failing {
		l.retry = now.Add(askAgain)
	} else {
		b.add(lease, want, now)
	}
	l.asked--
	close(b.asked)
	b.asked = nil
}
