package hostgate

import (
	"crypto/sha256"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

// host is what is remembered of one.
type host struct {
	name      string
	active    int                            // fetches under way
	waiting   int                            // about how many jobs were refused and rescheduled
	untried   int                            // about how many of these were never tried
	proven    bool                           // it has answered before
	streak    int                            // URLs that have failed since its last answer
	counted   map[[sha256.Size]byte]struct{} // hashes of URLs whose last fetch failed: none counts twice
	last      *fault.Failure
	usual     time.Duration // how long a fetch takes, a moving average
	openUntil time.Time
	answerAt  time.Time // its last answer
	failingAt time.Time // the first failure since then
	failedAt  time.Time // the last one
}

const (
	mostCounted = 64              // URLs of one host; beyond them it forgets, and counts again
	aliveFor    = time.Minute     // after an answer
	probeWait   = 5 * time.Second // for an image that was never tried, once the breaker may be probed
)

// limit is how many fetches the host may have under way. A host that fails gets
// one at a time: when its breaker was open, that one is the probe.
func (h *host) limit(cfg Config) int {
	if h.streak > 0 {
		return 1
	}
	return cfg.HostLimit
}

// failed counts the failure of a URL, once until that URL has answered, and
// reports whether it opened the breaker.
func (h *host) failed(cfg Config, url string, f *fault.Failure) (opened bool) {
	now, key := time.Now(), sha256.Sum256([]byte(url))
	if _, again := h.counted[key]; !again {
		if h.counted == nil || len(h.counted) >= mostCounted {
			h.counted = map[[sha256.Size]byte]struct{}{}
		}
		h.counted[key] = struct{}{}
		if h.streak++; h.streak == 1 {
			h.failingAt = now
		}
		opened = h.streak == cfg.Threshold
	}
	if h.streak > 0 {
		h.last, h.failedAt = f, now
	}
	if h.streak < cfg.Threshold {
		return false
	}
	open := cfg.OpenMax
	if shift := h.streak - cfg.Threshold; shift < 20 && cfg.OpenMin<<shift < open {
		open = cfg.OpenMin << shift
	}
	open = max(open, min(f.RetryAfter, cfg.OpenMax))
	if f.Blame == fault.BlameEither || (h.proven && now.Sub(h.answerAt) < aliveFor) {
		open = min(open, cfg.AliveMax)
	}
	h.openUntil, h.waiting, h.untried = now.Add(open), 0, 0 // who waits is rescheduled and counted again
	return opened
}

// answered forgets the failures and reports whether that closed the breaker.
func (h *host) answered(cfg Config, url string) (closed bool) {
	closed = h.streak >= cfg.Threshold
	if h.streak > 0 {
		h.waiting, h.untried = 0, 0
	}
	delete(h.counted, sha256.Sum256([]byte(url)))
	h.proven, h.streak, h.last, h.openUntil, h.answerAt = true, 0, nil, time.Time{}, time.Now()
	return closed
}

// leavesProbe reports whether a job has to leave the probe of an open breaker
// to an image that was never tried: the failure of what has failed before is weaker
// evidence that the host is down.
func (h *host) leavesProbe(cfg Config, tried bool, now time.Time) bool {
	return tried && h.streak >= cfg.Threshold && h.untried > 0 && now.Before(h.openUntil.Add(probeWait))
}

// silent is how long the host is known to have failed and answered no one: from
// the first failure to the last. A time in which it was not asked, as during an
// outage of the database, does not count.
func (h *host) silent() time.Duration {
	if h.streak == 0 {
		return 0
	}
	return h.failedAt.Sub(h.failingAt)
}

// took updates the average duration of a fetch.
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

// delay is how long a refused job waits: for the breaker, and then until its
// turn would come, with so many before it. So a thousand jobs of one host do
// not return as a storm, and each is refused a few times rather than all the time.
func (h *host) delay(cfg Config, now time.Time) time.Duration {
	turn := max(h.usual, leastTurn) / time.Duration(h.limit(cfg))
	spread := min(max(time.Duration(h.waiting)*turn, leastDelay), mostDelay)
	return max(h.openUntil.Sub(now), 0) + backoff.Jitter(spread)
}
