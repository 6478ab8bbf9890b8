package webhook

import (
	"time"

	"vitrine.dev/internal/backoff"
)

// Policy is how often and for how long delivery is tried.
type Policy struct {
	// Schedule has the wait after each failed attempt of an event; after the last one it
	// has failed for good.
	Schedule []time.Duration
	// An endpoint that fails so many times in a row is tried with one request at a time, after
	// pauses from PauseMin, doubled up to PauseMax.
	Failures           int
	PauseMin, PauseMax time.Duration
	// MaxRetryAfter bounds what a receiver can ask for.
	MaxRetryAfter time.Duration
	// An endpoint to which nothing could be delivered for so long is warned of, and disabled.
	WarnAfter, DisableAfter time.Duration
}

// DefaultPolicy has the specification's example of a schedule, "Deliverability and
// reliability": ten attempts within 75 h 35 min. It disables an endpoint that fails for
// longer than an event is tried.
func DefaultPolicy() Policy {
	const hour = time.Hour
	return Policy{
		Schedule: []time.Duration{
			5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour,
		},
		Failures: 5, PauseMin: 5 * time.Second, PauseMax: 10 * time.Minute, MaxRetryAfter: 24 * hour,
		WarnAfter: 24 * hour, DisableAfter: 5 * 24 * hour,
	}
}

// MaxAnswerBytes is how much is kept of the answer to a failed request.
const MaxAnswerBytes = 4096

// Answer is how a request ended.
type Answer struct {
	Status     int           // 0: there was none
	RetryAfter time.Duration // that the receiver has asked for; 0: it has not
	Body       []byte        // the first MaxAnswerBytes
	Failure    string        // a sentence for the endpoint's owner where there was no answer
	Duration   time.Duration // from the request to the end of what was read
}

// Delivered reports whether the receiver has taken the event: 200 to 299.
func (a Answer) Delivered() bool { return a.Status >= 200 && a.Status <= 299 }

// The statuses to which the specification gives a meaning of their own.
const (
	statusGone            = 410
	statusTooManyRequests = 429
	statusBadGateway      = 502
	statusUnavailable     = 503
	statusGatewayTimeout  = 504
)

// slows reports whether the status asks for fewer requests.
func slows(status int) bool {
	return status == statusTooManyRequests || status == statusBadGateway || status == statusGatewayTimeout
}

// wait returns how long after the attempt, counted from 1, an event is tried again, with
// jitter of a fifth; false: it is not.
func (p Policy) wait(attempt int, a Answer) (time.Duration, bool) {
	if attempt > len(p.Schedule) {
		return 0, false
	}
	return max(backoff.Spread(p.Schedule[attempt-1]), p.asked(a)), true
}

func (p Policy) asked(a Answer) time.Duration { return min(a.RetryAfter, p.MaxRetryAfter) }

// Health is how an endpoint does.
type Health struct {
	Failures     int       // in a row
	FailingSince time.Time // the first of these; zero: there are none
	WarnedAt     time.Time // when it had failed for Policy.WarnAfter
	PausedUntil  time.Time // nothing is sent before that
	Disabled     Disabled
	DisabledAt   time.Time
}

// after returns the health after an answer. Only a success ends a row of failures.
func (p Policy) after(h Health, a Answer, now time.Time) Health {
	if a.Delivered() {
		return Health{Disabled: h.Disabled, DisabledAt: h.DisabledAt}
	}
	if h.Failures++; h.Failures == 1 {
		h.FailingSince = now
	}
	pause := time.Duration(0)
	if slows(a.Status) || h.Failures >= p.Failures {
		pause = backoff.Spread(backoff.Delay(max(1, h.Failures-p.Failures+1), p.PauseMin, p.PauseMax))
	}
	if slows(a.Status) || a.Status == statusUnavailable {
		pause = max(pause, p.asked(a))
	}
	if until := now.Add(pause); pause > 0 && until.After(h.PausedUntil) {
		h.PausedUntil = until
	}
	failing := now.Sub(h.FailingSince)
	if h.WarnedAt.IsZero() && failing >= p.WarnAfter {
		h.WarnedAt = now
	}
	switch {
	case h.Disabled != NotDisabled:
	case a.Status == statusGone:
		h.Disabled, h.DisabledAt = ByGone, now
	case failing >= p.DisableAfter:
		h.Disabled, h.DisabledAt = ByFailing, now
	}
	return h
}
