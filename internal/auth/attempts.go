package auth

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The limit on failed attempts of one address: twenty at once, and twenty a minute.
const (
	attemptsAtOnce = 20
	attemptEvery   = 3 * time.Second
	// maxAddresses bounds what is remembered: addresses that failed within the last
	// rememberFor, twice as many at most.
	maxAddresses = 50_000
	rememberFor  = attemptsAtOnce * attemptEvery
)

// Attempts limits how many requests with a wrong key an address may send. It is safe
// for concurrent use.
type Attempts struct {
	mu sync.Mutex
	// Two generations: the older is dropped once the younger is full or old, by when
	// the limits in it have recovered.
	young, old map[string]*rate.Limiter
	since      time.Time
}

// NewAttempts returns Attempts.
func NewAttempts() *Attempts { return &Attempts{young: map[string]*rate.Limiter{}} }

// Wait returns for how long the address may not try a key, 0 where it may.
func (a *Attempts) Wait(address string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.limiter(address)
	if l == nil {
		return 0
	}
	missing := 1 - l.Tokens()
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing * float64(attemptEvery))
}

// Failed counts an attempt of the address with a key that is not valid.
func (a *Attempts) Failed(address string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.limiter(address)
	if l == nil {
		l = rate.NewLimiter(rate.Every(attemptEvery), attemptsAtOnce)
	}
	if now := time.Now(); len(a.young) >= maxAddresses || now.Sub(a.since) > rememberFor {
		a.old, a.young, a.since = a.young, map[string]*rate.Limiter{}, now
	}
	a.young[address] = l
	l.Allow()
}

func (a *Attempts) limiter(address string) *rate.Limiter {
	if l, ok := a.young[address]; ok {
		return l
	}
	return a.old[address]
}
