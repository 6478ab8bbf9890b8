package media

import (
	"math/rand/v2"
	"time"

	"vitrine.dev/internal/fault"
)

// Policy says how often and how soon failed work is tried again.
type Policy struct {
	MaxAttempts int           // attempts before a retryable failure is final
	Base        time.Duration // the wait after the first failure, on average half of it
	Cap         time.Duration // the longest wait, also one that a host asks for
}

// DefaultPolicy tries five times within about a minute and a half.
func DefaultPolicy() Policy {
	return Policy{MaxAttempts: 5, Base: 4 * time.Second, Cap: 10 * time.Minute}
}

// Next returns how long to wait after the failed attempt (from 1), and whether
// to try again at all.
func (p Policy) Next(attempt int, f *fault.Failure) (time.Duration, bool) {
	if !f.Reason.Retryable() || attempt >= p.MaxAttempts {
		return 0, false
	}
	return max(p.backoff(attempt), min(f.RetryAfter, p.Cap)), true
}

// backoff is exponential with full jitter above a floor of half:
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
// ("equal jitter"), so that failures of one moment do not return as one.
func (p Policy) backoff(attempt int) time.Duration {
	d := p.Cap
	if shift := attempt - 1; shift < 32 && p.Base<<shift < p.Cap {
		d = p.Base << shift
	}
	half := d / 2
	return half + rand.N(half+1) //nolint:gosec // jitter needs no secrecy
}
