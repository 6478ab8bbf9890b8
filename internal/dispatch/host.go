package dispatch

import (
	"slices"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// Host is what is remembered of a host that images are fetched from. Times are
// milliseconds since 1970, by the database's clock.
type Host struct {
	AnsweredAt int64   // its last answer; 0: never
	Failures   int     // different URLs that have failed since
	Counted    []int64 // media.Fetch.URL of URLs whose last fetch failed: none counts twice
	FailingAt  int64   // the first of Failures
	FailedAt   int64   // the last failure: from the first to it the host is known to have answered no one
	OpenUntil  int64   // its breaker is open; 0 once a probe may go
	RecentMS   int64   // how long a fetch takes, a moving average; 0: not known
	Reason     fault.Reason
	ReasonText string // of the last failure
}

// When a host's breaker opens, and for how long.
const (
	threshold = 5                // different URLs that fail in a row
	openFirst = 5 * time.Second  // at first; doubles with each further URL
	openMost  = 5 * time.Minute  // at most, also where the host asks for longer
	aliveMost = 2 * time.Second  // at most while the host answers others
	askedMost = 15 * time.Second // the same where it asks to be left alone (429, 503, Retry-After)
	aliveFor  = time.Minute      // how long an answer shows that the host answers others
)

// mostCounted is how many URLs of a host are remembered; beyond them it forgets, and counts again.
const mostCounted = 64

// Observe returns the host after a fetch that ended at now.
func Observe(h Host, now int64, f media.Fetch) Host {
	took := max(f.Took.Milliseconds(), 1)
	switch {
	case f.Failure != nil && f.Failure.Blame != fault.BlameURL && ofHost(f.Failure.Reason):
		h = failed(h, now, f)
	default:
		h = answered(h, now, f.URL)
	}
	if h.RecentMS == 0 {
		h.RecentMS = took
	}
	h.RecentMS += (took - h.RecentMS) / 4
	return h
}

func answered(h Host, now, url int64) Host {
	h.Counted = slices.DeleteFunc(slices.Clone(h.Counted), func(u int64) bool { return u == url })
	h.AnsweredAt, h.Failures, h.FailingAt, h.FailedAt, h.OpenUntil, h.Reason, h.ReasonText = now, 0, 0, 0, 0, "", ""
	return h
}

// failed counts the URL, once until it has answered, and opens the breaker where
// so many different ones have failed. What was under way when it opened does not
// have it open for twice as long.
func failed(h Host, now int64, f media.Fetch) Host {
	if !slices.Contains(h.Counted, f.URL) {
		if len(h.Counted) >= mostCounted {
			h.Counted = nil
		}
		h.Counted = append(slices.Clone(h.Counted), f.URL)
		if now >= h.OpenUntil {
			h.Failures++
		}
		if h.Failures == 1 {
			h.FailingAt = now
		}
	}
	if h.Failures == 0 {
		return h
	}
	h.FailedAt, h.Reason, h.ReasonText = now, f.Failure.Reason, f.Failure.Detail
	if h.Failures < threshold {
		return h
	}
	open := openMost
	if shift := h.Failures - threshold; shift < 20 && openFirst<<shift < open {
		open = openFirst << shift
	}
	open = max(open, min(f.Failure.RetryAfter, openMost))
	alive := h.AnsweredAt > 0 && now-h.AnsweredAt < aliveFor.Milliseconds()
	switch {
	case f.Failure.RetryAfter > 0 && alive:
		open = min(max(f.Failure.RetryAfter, aliveMost), askedMost)
	case alive || f.Failure.Blame == fault.BlameEither:
		open = min(open, aliveMost)
	}
	h.OpenUntil = max(h.OpenUntil, now+open.Milliseconds())
	return h
}

// Same reports whether the rules of dispatch see no difference between what was
// remembered of the host and what is to be, so that it need not be written.
func (h Host) Same(next Host) bool {
	near := func(a, b, percent int64) bool { return max(a, b)*100 <= min(a, b)*(100+percent)+100*5 }
	return h.AnsweredAt > 0 && next.AnsweredAt-h.AnsweredAt < 10_000 && h.Failures == 0 && next.Failures == 0 &&
		h.OpenUntil == next.OpenUntil && len(h.Counted) == len(next.Counted) && near(h.RecentMS, next.RecentMS, 25)
}

// Breaker returns what became of the host's breaker from h to next, if anything.
func Breaker(h, next Host) (opened, closed bool) {
	return !h.suspected() && next.suspected(), h.suspected() && !next.suspected()
}

// suspected reports whether so many URLs of the host have failed in a row that
// its breaker has opened: until it answers, it gets one fetch at a time, its probe.
func (h Host) suspected() bool { return h.Failures >= threshold }

// class is the line of the host's images.
func (h Host) class() Class {
	if h.AnsweredAt == 0 || h.suspected() {
		return Contact
	}
	return Known
}

// limit is how many images of the host may be out.
func (h Host) limit(l Limits, now int64) int {
	switch {
	case h.OpenUntil > now:
		return 0
	case h.suspected():
		return 1
	case h.AnsweredAt == 0:
		return l.NewHost
	default:
		return l.Host
	}
}

// The cost of an image in its user's turns, in milliseconds.
const (
	unknownCost = 1000
	mostCost    = 60_000
)

// cost is by how much an image of the host moves the rank of its user's next one.
func (h Host) cost() int64 {
	if h.RecentMS == 0 {
		return unknownCost
	}
	return min(h.RecentMS, mostCost)
}

// ofHost reports whether the failure may be the host's.
func ofHost(r fault.Reason) bool { return r == fault.SourceTimeout || r == fault.SourceUnreachable }
