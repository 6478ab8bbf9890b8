package dispatch_test

import (
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// silentFor is how long the host is known to have answered no one.
func silentFor(h dispatch.Host) time.Duration {
	return time.Duration(h.FailedAt-h.FailingAt) * time.Millisecond
}

// A failed fetch, by what it says of the host.
func silent() *fault.Failure { return fault.Fail(fault.SourceTimeout, "Too slow.", nil) }

func blaming(b fault.Blame) *fault.Failure {
	f := fault.Fail(fault.SourceUnreachable, "Status.", nil)
	f.Blame = b
	return f
}

// asking is 429 or 503 with Retry-After.
func asking(wait time.Duration) *fault.Failure {
	f := blaming(fault.BlameHost)
	f.RetryAfter = wait
	return f
}

// observed is a host with its clock.
type observed struct {
	dispatch.Host

	now int64
}

func newObserved() *observed { return &observed{now: 1_000_000} }

// fetch ends a fetch of the URL a second later, and returns for how long the breaker
// is open from then on.
func (o *observed) fetch(url int64, f *fault.Failure) time.Duration {
	o.now += 1000
	o.Host = dispatch.Observe(o.Host, o.now, media.Fetch{Host: "a", URL: url, Failure: f, Took: time.Second})
	return max(0, time.Duration(o.OpenUntil-o.now)*time.Millisecond)
}

// fail has so many different URLs fail, from one on.
func (o *observed) fail(from int64, n int, f *fault.Failure) (open time.Duration) {
	for i := range int64(n) {
		open = o.fetch(from+i, f)
	}
	return open
}

// TestConviction: failures of five different URLs in a row open a host's breaker,
// and nothing else does.
func TestConviction(t *testing.T) {
	t.Parallel()
	many := func(f *fault.Failure) func(*observed) { return func(o *observed) { o.fail(1, 100, f) } }
	reason := func(r fault.Reason) func(*observed) { return many(fault.Fail(r, "", nil)) }
	for name, c := range map[string]struct {
		happens func(o *observed)
		opens   bool
	}{
		"timeouts":                {func(o *observed) { o.fail(1, 5, silent()) }, true},
		"four of them":            {func(o *observed) { o.fail(1, 4, silent()) }, false},
		"500":                     {func(o *observed) { o.fail(1, 5, blaming(fault.BlameEither)) }, true},
		"429":                     {func(o *observed) { o.fail(1, 5, asking(time.Second)) }, true},
		"202, 206, 408 and 425":   {many(blaming(fault.BlameURL)), false},
		"the same with a wait":    {func(o *observed) { f := asking(time.Hour); f.Blame = fault.BlameURL; o.fail(1, 9, f) }, false},
		"404":                     {reason(fault.SourceNotFound), false},
		"403":                     {reason(fault.SourceForbidden), false},
		"an address not asked":    {reason(fault.AddressBlocked), false},
		"what is no picture":      {reason(fault.UnsupportedType), false},
		"no room on our disk":     {reason(fault.StorageUnavailable), false},
		"our decoder":             {reason(fault.DecoderCrashed), false},
		"our worker":              {reason(fault.WorkerLost), false},
		"one URL again and again": {func(o *observed) { o.fail(1, 1, silent()); repeat(o, 50, 1) }, false},
		"four again and again":    {func(o *observed) { repeat(o, 50, 1, 2, 3, 4) }, false},
		"an answer in between":    {func(o *observed) { o.fail(1, 4, silent()); o.fetch(9, nil); o.fail(5, 4, silent()) }, false},
		"404 in between": {func(o *observed) {
			o.fail(1, 4, silent())
			o.fetch(9, fault.Fail(fault.SourceNotFound, "", nil))
			o.fail(5, 4, silent())
		}, false},
		"206 in between":           {func(o *observed) { o.fail(1, 4, silent()); o.fetch(9, blaming(fault.BlameURL)); o.fail(5, 4, silent()) }, false},
		"URLs that failed before":  {func(o *observed) { o.fail(1, 4, silent()); o.fetch(9, nil); repeat(o, 9, 1, 2, 3, 4, 5, 6, 7, 8) }, false},
		"and have answered since":  {func(o *observed) { o.fail(1, 4, silent()); o.fetch(1, nil); repeat(o, 1, 1, 5, 6, 7, 8) }, true},
		"more than are remembered": {func(o *observed) { o.fail(1, 64, silent()); o.fetch(99, nil); o.fail(200, 5, silent()) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newObserved()
			c.happens(o)
			if open := o.OpenUntil > o.now; open != c.opens {
				t.Errorf("open: %t, want %t: %+v", open, c.opens, o.Host)
			}
			if c.opens { // any answer closes it
				if o.fetch(1000, fault.Fail(fault.SourceNotFound, "", nil)); o.OpenUntil != 0 || o.Failures != 0 || o.AnsweredAt != o.now || o.Reason != "" {
					t.Errorf("after an answer %+v", o.Host)
				}
			}
		})
	}
}

// repeat has the URLs time out, each so many times.
func repeat(o *observed, times int, urls ...int64) {
	for range times {
		for _, url := range urls {
			o.fetch(url, silent())
		}
	}
}

// TestOpenFor: for how long the breaker is open at the fifth failure and at those
// that follow.
func TestOpenFor(t *testing.T) {
	t.Parallel()
	const long = 5 * time.Minute
	seconds := func(list ...int) (all []time.Duration) {
		for _, n := range list {
			all = append(all, time.Duration(n)*time.Second)
		}
		return all
	}
	for name, c := range map[string]struct {
		answered int64 // so many seconds ago at the first failure; 0: never
		failure  *fault.Failure
		want     []time.Duration
	}{
		"silent":                               {0, silent(), append(seconds(5, 10, 20, 40, 80, 160), long, long, long)},
		"silent, it has answered long ago":     {600, silent(), seconds(5, 10, 20, 40)},
		"timeouts, it has answered others":     {1, silent(), seconds(2, 2, 2, 2)},
		"500":                                  {0, blaming(fault.BlameEither), seconds(2, 2, 2, 2, 2, 2, 2)},
		"500, it has answered others":          {1, blaming(fault.BlameEither), seconds(2, 2, 2)},
		"429":                                  {0, asking(time.Second), seconds(5, 10, 20)},
		"429 and a wait":                       {0, asking(15 * time.Second), seconds(15, 15, 20, 40)},
		"429 and a day":                        {0, asking(24 * time.Hour), []time.Duration{long, long}},
		"429, it has answered others":          {1, asking(time.Second), seconds(2, 2)},
		"429 and a wait, it has answered them": {1, asking(10 * time.Second), seconds(10, 10)},
		"429 and a day, it has answered them":  {1, asking(24 * time.Hour), seconds(15, 15)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newObserved()
			if c.answered > 0 {
				o.fetch(1000, nil)
				o.now += (c.answered - 1) * 1000
			}
			if open := o.fail(1, 4, c.failure); open != 0 {
				t.Errorf("open for %v after four failures", open)
			}
			for i, want := range c.want {
				o.now = max(o.now, o.OpenUntil) // it is a probe
				if open := o.fail(int64(5+i), 1, c.failure); open != want {
					t.Errorf("failure %d: open for %v, want %v", 5+i, open, want)
				}
			}
			if open := o.fail(100, 3, c.failure); open > c.want[len(c.want)-1] {
				t.Errorf("what was under way has it open for %v", open)
			}
			o.now = max(o.now, o.OpenUntil)
			open := o.fetch(1, c.failure) // one that has failed already
			if want := c.want[len(c.want)-1]; open != want {
				t.Errorf("the same URL again: open for %v, want %v", open, want)
			}
		})
	}
}

// TestSilent: a host is silent from its first failure to its last, and no longer
// once it has answered anything.
func TestSilent(t *testing.T) {
	t.Parallel()
	o := newObserved()
	if silentFor(o.Host) != 0 {
		t.Errorf("never asked, silent for %v", silentFor(o.Host))
	}
	o.fail(1, 1, silent())
	o.now += time.Hour.Milliseconds()
	if silentFor(o.Host) != 0 {
		t.Errorf("asked once, silent for %v", silentFor(o.Host))
	}
	o.fetch(1, silent())
	if want := time.Hour + time.Second; silentFor(o.Host) != want {
		t.Errorf("silent for %v, want %v", silentFor(o.Host), want)
	}
	o.fetch(2, blaming(fault.BlameURL))
	o.fail(3, 2, silent())
	if want := time.Second; silentFor(o.Host) != want {
		t.Errorf("after an answer silent for %v, want %v", silentFor(o.Host), want)
	}
	o.fetch(9, nil)
	if o.fetch(3, silent()); silentFor(o.Host) != 0 || o.Reason != "" {
		t.Errorf("a URL that failed before makes it silent for %v, with %q", silentFor(o.Host), o.Reason)
	}
}

// TestRecent: the duration of a host's fetches is a moving average, of failures, too.
func TestRecent(t *testing.T) {
	t.Parallel()
	var h dispatch.Host
	for i, c := range []struct {
		took time.Duration
		want int64
	}{{time.Second, 1000}, {9 * time.Second, 3000}, {3 * time.Second, 3000}, {0, 2251}} {
		h = dispatch.Observe(h, 1, media.Fetch{URL: 1, Took: c.took, Failure: silent()})
		if h.RecentMS != c.want {
			t.Errorf("after fetch %d it is %d ms, want %d", i, h.RecentMS, c.want)
		}
	}
}

// TestWorthWriting: a busy host that answers is written every ten seconds, unless
// something changes.
func TestWorthWriting(t *testing.T) {
	t.Parallel()
	busy := dispatch.Host{AnsweredAt: 100_000, RecentMS: 1000}
	for name, c := range map[string]struct {
		before dispatch.Host
		change func(h *dispatch.Host)
		same   bool
	}{
		"another answer":        {busy, func(h *dispatch.Host) { h.AnsweredAt += 9_999 }, true},
		"ten seconds later":     {busy, func(h *dispatch.Host) { h.AnsweredAt += 10_000 }, false},
		"its first answer":      {dispatch.Host{RecentMS: 1000}, func(h *dispatch.Host) { h.AnsweredAt = 100_000 }, false},
		"a failure":             {busy, func(h *dispatch.Host) { h.Failures = 1 }, false},
		"no failure any more":   {dispatch.Host{AnsweredAt: 100_000, Failures: 1}, func(h *dispatch.Host) { h.Failures = 0 }, false},
		"a URL has answered":    {dispatch.Host{AnsweredAt: 100_000, Counted: []int64{1}}, func(h *dispatch.Host) { h.Counted = nil }, false},
		"a little slower":       {busy, func(h *dispatch.Host) { h.RecentMS = 1200 }, true},
		"slower":                {busy, func(h *dispatch.Host) { h.RecentMS = 1500 }, false},
		"faster":                {busy, func(h *dispatch.Host) { h.RecentMS = 500 }, false},
		"its breaker has ended": {dispatch.Host{AnsweredAt: 100_000, OpenUntil: 5}, func(h *dispatch.Host) { h.OpenUntil = 0 }, false},
	} {
		next := c.before
		c.change(&next)
		if same := c.before.Same(next); same != c.same {
			t.Errorf("%s: the same: %t, want %t", name, same, c.same)
		}
	}
}

// TestBreakers: what is logged of a host's breaker.
func TestBreakers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after  int
		opened, closed bool
	}{{0, 4, false, false}, {4, 5, true, false}, {5, 9, false, false}, {9, 0, false, true}, {4, 0, false, false}} {
		opened, closed := dispatch.Breaker(dispatch.Host{Failures: c.before}, dispatch.Host{Failures: c.after})
		if opened != c.opened || closed != c.closed {
			t.Errorf("from %d failures to %d: opened %t, closed %t", c.before, c.after, opened, closed)
		}
	}
}
