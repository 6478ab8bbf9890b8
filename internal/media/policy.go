package media

import (
	"math/rand/v2"
	"time"

	"vitrine.dev/internal/fault"
)

// Policy says how often and how soon failed work is tried again.
type Policy struct {
	MaxAttempts int           // attempts before a retryable failure is final
	MaxCrashes  int           // the same where the decoder crashed or hung
	MaxAge      time.Duration // of an image, from which on a retryable failure is final
	Base        time.Duration // the wait after the first failure, on average half of it
	Cap         time.Duration // the longest wait, also one that a host asks for
}

// DefaultPolicy tries five times within about a minute and a half, a crash
// three times, and gives up on whatever has not succeeded within six hours.
func DefaultPolicy() Policy {
	return Policy{MaxAttempts: 5, MaxCrashes: 3, MaxAge: 6 * time.Hour, Base: 4 * time.Second, Cap: 10 * time.Minute}
}

// Next returns how long to wait after the failed attempt (from 1) at an image
// of the age (0: not known), and whether to try again at all.
func (p Policy) Next(attempt int, age time.Duration, f *fault.Failure) (time.Duration, bool) {
	limit, limited := p.attempts(f.Reason)
	if !f.Reason.Retryable() || (limited && attempt >= limit) || age >= p.MaxAge {
		return 0, false
	}
	return max(p.backoff(attempt), min(f.RetryAfter, p.Cap)), true
}

// attempts is how many of an image's attempts a failure with the reason may
// have had before it. Storage that is away is no fault of the image: only age
// limits how long it is waited for.
func (p Policy) attempts(r fault.Reason) (limit int, limited bool) {
	switch r {
	case fault.StorageUnavailable:
		return 0, false
	case fault.DecoderCrashed:
		return p.MaxCrashes, true
	default:
		return p.MaxAttempts, true
	}
}

// backoff is exponential with full jitter above a floor of half:
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
// ("equal jitter"), so that failures of one moment do not return as one.
func (p Policy) backoff(attempt int) time.Duration {
	d := p.Cap
	if shift := attempt - 1; shift < 63 && p.Base <= p.Cap>>shift {
		d = p.Base << shift
	}
	half := d / 2
	return half + rand.N(half+1) //nolint:gosec // jitter needs no secrecy
}
