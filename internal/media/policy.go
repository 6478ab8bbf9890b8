package media

import (
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

// Policy says how often and how soon failed work is retried. It alone
// decides that, also for attempts whose worker was lost.
type Policy struct {
	MaxAttempts int           // attempts before a retryable failure is final
	MaxCrashes  int           // the same where the decoder crashed or hung
	MaxLosses   int           // how many workers may be lost over an image, counted by itself
	MaxAge      time.Duration // of an image, from which on a retryable failure is final
	Base        time.Duration // the wait after the first failure, on average half of it
	Cap         time.Duration // the longest wait, also one that a host asks for
}

// DefaultPolicy tries five times, with half a minute to a minute of waits between, a crash
// three times, retries after four losses of the worker, and gives up on whatever has
// not succeeded within six hours.
func DefaultPolicy() Policy {
	return Policy{
		MaxAttempts: 5, MaxCrashes: 3, MaxLosses: 5, MaxAge: 6 * time.Hour, Base: 4 * time.Second, Cap: 10 * time.Minute,
	}
}

// Spent is what has gone into an image since it was accepted or last replayed,
// with the attempt that is being judged.
type Spent struct {
	Attempts int           // that were begun
	Lost     int           // of these, how many ended with the loss of their worker
	Age      time.Duration // does not matter where the worker was lost
}

// Next returns how long to wait after an attempt that failed, and whether to
// try again at all.
//
// The loss of a worker (fault.WorkerLost) is not held against the file: such
// attempts do not count towards the other limits, and neither does age end what
// they have delayed. They have a limit of their own, so that a picture which
// takes whole workers with it ends after MaxLosses of them. The first is made
// up for at once; from the second on the image waits, so that others that were
// lost with it are not begun beside it again.
func (p Policy) Next(spent Spent, f *fault.Failure) (delay time.Duration, again bool) {
	asked := min(f.RetryAfter, p.Cap)
	if f.Reason == fault.WorkerLost {
		if spent.Lost >= p.MaxLosses {
			return 0, false
		}
		if spent.Lost <= 1 {
			return asked, true
		}
		return max(p.backoff(spent.Lost-1), asked), true
	}
	own := max(spent.Attempts-spent.Lost, 1)
	limit, limited := p.attempts(f.Reason)
	if !f.Reason.Retryable() || (limited && own >= limit) || spent.Age >= p.MaxAge {
		return 0, false
	}
	return max(p.backoff(own), asked), true
}

// Decide is Next for a store that knows what was spent and does not judge.
func (p Policy) Decide(f *fault.Failure) Decide {
	return func(spent Spent) (time.Duration, bool) { return p.Next(spent, f) }
}

// Decide says of a failed attempt how long to wait, and whether to retry.
type Decide func(Spent) (delay time.Duration, again bool)

// attempts is how many of an image's attempts a failure with the reason may
// have had before it. Storage that is unavailable is no fault of the image: only age
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

// backoff is the wait after so many attempts that failed.
func (p Policy) backoff(attempt int) time.Duration {
	return backoff.Jitter(backoff.Delay(attempt, p.Base, p.Cap))
}
