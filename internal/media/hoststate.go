package media

import (
	"math/rand/v2"
	"time"

	"vitrine.dev/internal/fault"
)

// host is what is remembered of one.
type host struct {
	name      string
	active    int  // fetches under way
	waiting   int  // about how many jobs were refused and come again
	proven    bool // it has answered before
	streak    int  // failures since its last answer
	last      *fault.Failure
	usual     time.Duration // how long a fetch takes, a moving average
	openUntil time.Time
}

// limit is how many fetches the host may have under way. A host that fails gets
// one at a time: when its breaker was open, that one is the probe.
func (h *host) limit(cfg GateConfig) int {
	if h.streak > 0 {
		return 1
	}
	return cfg.HostLimit
}

// failed counts a failure and reports whether it opened the breaker.
func (h *host) failed(cfg GateConfig, f *fault.Failure) (opened bool) {
	h.streak++
	h.last = f
	if h.streak < cfg.Threshold {
		return false
	}
	open := cfg.OpenMax
	if shift := h.streak - cfg.Threshold; shift < 20 && cfg.OpenMin<<shift < open {
		open = cfg.OpenMin << shift
	}
	h.openUntil = time.Now().Add(max(open, min(f.RetryAfter, cfg.OpenMax)))
	return h.streak == cfg.Threshold
}

// answered forgets the failures and reports whether that closed the breaker.
func (h *host) answered(cfg GateConfig) (closed bool) {
	closed = h.streak >= cfg.Threshold
	if h.streak > 0 {
		h.waiting = 0
	}
	h.proven, h.streak, h.last, h.openUntil = true, 0, nil, time.Time{}
	return closed
}

// took learns how long a fetch takes.
func (h *host) took(d time.Duration) {
	if h.usual == 0 {
		h.usual = d
	}
	h.usual += (d - h.usual) / 4
}

const (
	leastDelay = 200 * time.Millisecond
	leastTurn  = 20 * time.Millisecond
	mostDelay  = time.Minute // beyond the end of an open breaker
)

// delay is when a refused job comes again: after the breaker, and then when its
// turn would come, with so many before it. So a thousand jobs of one host do
// not return as a storm, and each is refused a few times rather than all the time.
func (h *host) delay(cfg GateConfig, now time.Time) time.Duration {
	turn := max(h.usual, leastTurn) / time.Duration(h.limit(cfg))
	spread := min(max(time.Duration(h.waiting)*turn, leastDelay), mostDelay)
	return max(h.openUntil.Sub(now), 0) + spread/2 + rand.N(spread/2+1) //nolint:gosec // jitter needs no secrecy
}
