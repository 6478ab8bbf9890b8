package hostgate

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/fault"
)

func newGate(slots int) *Gate {
	return New(DefaultConfig(slots), slog.New(slog.DiscardHandler))
}

func mustAcquire(t *testing.T, g *Gate, host string) *Slot {
	t.Helper()
	p, r := g.Acquire(host, false)
	if r != nil {
		t.Fatalf("%s is refused for %s", host, r.Delay)
	}
	return p
}

func mustRefuse(t *testing.T, g *Gate, host string) *Refusal {
	t.Helper()
	p, r := g.Acquire(host, false)
	if p != nil {
		t.Fatalf("%s gets a slot", host)
	}
	if r.Delay <= 0 {
		t.Fatalf("%s is refused for %s", host, r.Delay)
	}
	return r
}

// prove makes the host answer once.
func prove(t *testing.T, g *Gate, host string) {
	t.Helper()
	mustAcquire(t, g, host).Release(t.Context(), newURL(), nil)
}

var urls atomic.Int64

// newURL is one that was not asked for before.
func newURL() string { return fmt.Sprintf("http://a/%d", urls.Add(1)) }

func down() error { return fault.Fail(fault.SourceUnreachable, "Refused.", nil) }

func TestGateLimitsEachHost(t *testing.T) {
	t.Parallel()
	g := newGate(8)
	prove(t, g, "a")
	prove(t, g, "b")
	for range 6 {
		mustAcquire(t, g, "a")
	}
	if r := mustRefuse(t, g, "a"); r.Last != nil {
		t.Errorf("a busy host counts as failing: %v", r.Last)
	}
	first := mustAcquire(t, g, "b")
	first.Release(t.Context(), newURL(), nil)
	first.Release(t.Context(), newURL(), nil) // counts once
	for range 6 {
		mustAcquire(t, g, "b")
	}
	mustRefuse(t, g, "b")
}

func TestGateKeepsHalfOfTheSlotsFromDoubtfulHosts(t *testing.T) {
	t.Parallel()
	g := newGate(8)
	prove(t, g, "good")
	var held []*Slot
	for i := range 4 {
		held = append(held, mustAcquire(t, g, fmt.Sprint("new", i)))
	}
	mustRefuse(t, g, "new4")
	mustAcquire(t, g, "good")
	held[0].Release(t.Context(), newURL(), nil)
	mustAcquire(t, g, "new4")
	mustAcquire(t, g, "new0") // it has proven itself meanwhile
	if small := newGate(1); small.cfg.HostLimit != 1 {
		t.Errorf("a worker of one slot allows %d", small.cfg.HostLimit)
	} else {
		mustAcquire(t, small, "x")
	}
}

func TestGateAsksAFailingHostOneAtATime(t *testing.T) {
	t.Parallel()
	g := newGate(8)
	prove(t, g, "a")
	mustAcquire(t, g, "a").Release(t.Context(), newURL(), down())
	probe := mustAcquire(t, g, "a")
	if r := mustRefuse(t, g, "a"); r.Last == nil || r.Last.Reason != fault.SourceUnreachable {
		t.Errorf("refused with %v", r.Last)
	}
	probe.Release(t.Context(), newURL(), fault.Fail(fault.SourceNotFound, "404 is an answer", nil))
	held := mustAcquire(t, g, "a")
	mustAcquire(t, g, "a")
	for range 10 { // the URL's matter, the host is well
		held.Release(t.Context(), newURL(), &fault.Failure{Reason: fault.SourceUnreachable, Blame: fault.BlameURL})
		held = mustAcquire(t, g, "a")
	}
	mustAcquire(t, g, "a")
}

func TestGateOpensAndProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(8)
		fail := func(err error) {
			t.Helper()
			mustAcquire(t, g, "a").Release(t.Context(), newURL(), err)
		}
		for range 4 {
			fail(down())
		}
		fail(errors.New("the worker stops")) // does not count for the host
		fail(fault.Fail(fault.SourceTimeout, "Slow.", nil))
		for _, open := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
			if r := mustRefuse(t, g, "a"); r.Delay < open {
				t.Errorf("refused for %s while the breaker is open for %s", r.Delay, open)
			}
			time.Sleep(open - time.Millisecond)
			mustRefuse(t, g, "a")
			time.Sleep(time.Millisecond)
			probe := mustAcquire(t, g, "a")
			mustRefuse(t, g, "a") // one probe only
			probe.Release(t.Context(), newURL(), down())
		}
		time.Sleep(40 * time.Second)
		asked := &fault.Failure{Reason: fault.SourceUnreachable, RetryAfter: 2 * time.Minute}
		fail(asked)
		if r := mustRefuse(t, g, "a"); r.Delay < 2*time.Minute {
			t.Errorf("Retry-After is not obeyed: %s", r.Delay)
		}
		time.Sleep(2 * time.Minute)
		fail(&fault.Failure{Reason: fault.SourceUnreachable, RetryAfter: time.Hour})
		time.Sleep(5*time.Minute - time.Millisecond)
		mustRefuse(t, g, "a")
		time.Sleep(time.Millisecond)
		fail(nil)
		mustAcquire(t, g, "a")
		mustAcquire(t, g, "a")
	})
}

// A thousand jobs of a host that answers in 100 ms do not come back at once.
func TestGateSpreadsWhatItRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(4)
		p := mustAcquire(t, g, "a")
		time.Sleep(100 * time.Millisecond)
		p.Release(t.Context(), newURL(), nil)
		for range 3 {
			mustAcquire(t, g, "a")
		}
		var last time.Duration
		for range 1000 {
			last = mustRefuse(t, g, "a").Delay
		}
		if turn := 1000 * 100 * time.Millisecond / 3; last < turn/3 || last > turn*3/2 {
			t.Errorf("the last of 1000 is refused for %s, its turn comes after %s", last, turn)
		}
	})
}

func TestGateForgets(t *testing.T) {
	t.Parallel()
	g := newGate(8)
	g.cfg.Hosts = 3
	held := mustAcquire(t, g, "held")
	for i := range 100 {
		prove(t, g, fmt.Sprint("host", i))
	}
	if len(g.hosts) != 3 || g.recent.Len() != 3 || g.hosts["held"] == nil {
		t.Errorf("%d hosts are remembered", len(g.hosts))
	}
	held.Release(t.Context(), newURL(), nil)
	if g.doubtful != 0 {
		t.Errorf("%d slots are held by no one", g.doubtful)
	}
}

// A URL that fails again and again counts once.
func TestGateCountsAURLOnce(t *testing.T) {
	t.Parallel()
	g := newGate(8)
	bad := newURL()
	for range 20 {
		mustAcquire(t, g, "a").Release(t.Context(), bad, down())
	}
	prove(t, g, "a")
	for range 4 {
		mustAcquire(t, g, "a").Release(t.Context(), newURL(), down())
		mustAcquire(t, g, "a").Release(t.Context(), bad, down()) // counted before the answer of another
	}
	mustAcquire(t, g, "a").Release(t.Context(), bad, nil)
	for range 4 {
		mustAcquire(t, g, "a").Release(t.Context(), newURL(), down())
	}
	mustAcquire(t, g, "a").Release(t.Context(), bad, down()) // it has answered since, so it counts
	mustRefuse(t, g, "a")
	for range 10 * mostCounted {
		g.hosts["a"].Value.(*host).failed(g.cfg, newURL(), &fault.Failure{})
	}
	if n := len(g.hosts["a"].Value.(*host).counted); n > mostCounted {
		t.Errorf("%d URLs of one host are remembered", n)
	}
}

// The breaker of a host that answers is open for a short time only, whatever
// its failures ask for.
func TestGateKeepsAnAnsweringHostWaitingShortly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := &fault.Failure{Reason: fault.SourceUnreachable, RetryAfter: time.Hour}
		either := &fault.Failure{Reason: fault.SourceUnreachable, RetryAfter: time.Hour, Blame: fault.BlameEither}
		for name, tt := range map[string]struct {
			answered time.Duration // ago; 0: never
			failure  *fault.Failure
			open     time.Duration
		}{
			"answered just now": {time.Second, asked, 15 * time.Second},
			"a while ago":       {2 * time.Minute, asked, 5 * time.Minute},
			"never":             {0, asked, 5 * time.Minute},
			"never but errors":  {0, either, 15 * time.Second},
		} {
			g := newGate(8)
			if tt.answered > 0 {
				prove(t, g, "a")
				time.Sleep(tt.answered)
			}
			for range 5 {
				mustAcquire(t, g, "a").Release(t.Context(), newURL(), tt.failure)
			}
			time.Sleep(tt.open - time.Millisecond)
			mustRefuse(t, g, "a")
			time.Sleep(time.Millisecond)
			if p, _ := g.Acquire("a", false); p == nil {
				t.Errorf("%s: still open after %s", name, tt.open)
			}
		}
	})
}

// The probe goes to an image that was never tried, if one comes soon.
func TestGateProbesWithWhatWasNeverTried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, comes := range []bool{true, false} {
			g := newGate(8)
			for range 5 {
				mustAcquire(t, g, "a").Release(t.Context(), newURL(), down())
			}
			mustRefuse(t, g, "a") // it was never tried, and waits
			time.Sleep(5 * time.Second)
			if p, _ := g.Acquire("a", true); p != nil {
				t.Error("one that has failed before goes first")
			}
			if comes {
				mustAcquire(t, g, "a").Release(t.Context(), newURL(), nil)
			} else {
				time.Sleep(probeWait)
			}
			if p, _ := g.Acquire("a", true); p == nil {
				t.Error("one that has failed before waits on")
			}
		}
	})
}

// A host is silent from its first failure to its last, until it answers: a time
// in which no one asked it does not count.
func TestGateMeasuresSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(8)
		prove(t, g, "a")
		time.Sleep(time.Hour) // no one asked
		fail := func() {
			for range 5 {
				if p, _ := g.Acquire("a", false); p != nil {
					p.Release(t.Context(), newURL(), down())
				}
			}
		}
		fail()
		time.Sleep(10 * time.Minute)
		fail()
		time.Sleep(3 * time.Second) // no one asked
		if r := mustRefuse(t, g, "a"); r.Silent != 10*time.Minute {
			t.Errorf("silent for %s, want 10m", r.Silent)
		}
		time.Sleep(10 * time.Minute)
		mustAcquire(t, g, "a").Release(t.Context(), newURL(), fault.Fail(fault.SourceNotFound, "An answer.", nil))
		fail()
		if r := mustRefuse(t, g, "a"); r.Silent != 0 {
			t.Errorf("silent for %s after an answer", r.Silent)
		}
	})
}
