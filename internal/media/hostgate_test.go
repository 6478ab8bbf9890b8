package media

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/fault"
)

func newTestGate(slots int) *hostGate {
	return newHostGate(DefaultGateConfig(slots), slog.New(slog.DiscardHandler))
}

func mustEnter(t *testing.T, g *hostGate, host string) *pass {
	t.Helper()
	p, r := g.enter(host)
	if r != nil {
		t.Fatalf("%s is refused for %s", host, r.delay)
	}
	return p
}

func mustRefuse(t *testing.T, g *hostGate, host string) *refusal {
	t.Helper()
	p, r := g.enter(host)
	if p != nil {
		t.Fatalf("%s is let in", host)
	}
	if r.delay <= 0 {
		t.Fatalf("%s comes again after %s", host, r.delay)
	}
	return r
}

// prove lets the host answer once.
func prove(t *testing.T, g *hostGate, host string) {
	t.Helper()
	mustEnter(t, g, host).leave(t.Context(), nil)
}

func down() error { return fault.Fail(fault.SourceUnreachable, "Refused.", nil) }

func TestGateLimitsEachHost(t *testing.T) {
	t.Parallel()
	g := newTestGate(8)
	prove(t, g, "a")
	prove(t, g, "b")
	for range 6 {
		mustEnter(t, g, "a")
	}
	if r := mustRefuse(t, g, "a"); r.last != nil {
		t.Errorf("a busy host is said to fail: %v", r.last)
	}
	first := mustEnter(t, g, "b")
	first.leave(t.Context(), nil)
	first.leave(t.Context(), nil) // counts once
	for range 6 {
		mustEnter(t, g, "b")
	}
	mustRefuse(t, g, "b")
	for range 20 {
		mustEnter(t, g, "") // of an older version: not limited
	}
}

func TestGateKeepsHalfOfTheSlotsFromDoubtfulHosts(t *testing.T) {
	t.Parallel()
	g := newTestGate(8)
	prove(t, g, "good")
	var held []*pass
	for i := range 4 {
		held = append(held, mustEnter(t, g, fmt.Sprint("new", i)))
	}
	mustRefuse(t, g, "new4")
	mustEnter(t, g, "good")
	held[0].leave(t.Context(), nil)
	mustEnter(t, g, "new4")
	mustEnter(t, g, "new0") // it has proven itself meanwhile
	if small := newTestGate(1); small.cfg.HostLimit != 1 {
		t.Errorf("a worker of one slot allows %d", small.cfg.HostLimit)
	} else {
		mustEnter(t, small, "x")
	}
}

func TestGateAsksAFailingHostOneAtATime(t *testing.T) {
	t.Parallel()
	g := newTestGate(8)
	prove(t, g, "a")
	mustEnter(t, g, "a").leave(t.Context(), down())
	probe := mustEnter(t, g, "a")
	if r := mustRefuse(t, g, "a"); r.last == nil || r.last.Reason != fault.SourceUnreachable {
		t.Errorf("refused with %v", r.last)
	}
	probe.leave(t.Context(), fault.Fail(fault.SourceNotFound, "404 is an answer", nil))
	held := mustEnter(t, g, "a")
	mustEnter(t, g, "a")
	for range 10 { // the URL's matter, the host is well
		held.leave(t.Context(), &fault.Failure{Reason: fault.SourceUnreachable, Blame: fault.BlameURL})
		held = mustEnter(t, g, "a")
	}
	mustEnter(t, g, "a")
}

func TestGateOpensAndProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTestGate(8)
		fail := func(err error) {
			t.Helper()
			mustEnter(t, g, "a").leave(t.Context(), err)
		}
		for range 4 {
			fail(down())
		}
		fail(errors.New("the worker stops")) // says nothing about the host
		fail(fault.Fail(fault.SourceTimeout, "Slow.", nil))
		for _, open := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
			if r := mustRefuse(t, g, "a"); r.delay < open {
				t.Errorf("comes again after %s while the breaker is open for %s", r.delay, open)
			}
			time.Sleep(open - time.Millisecond)
			mustRefuse(t, g, "a")
			time.Sleep(time.Millisecond)
			probe := mustEnter(t, g, "a")
			mustRefuse(t, g, "a") // one probe only
			probe.leave(t.Context(), down())
		}
		time.Sleep(40 * time.Second)
		asked := &fault.Failure{Reason: fault.SourceUnreachable, RetryAfter: 2 * time.Minute}
		fail(asked)
		if r := mustRefuse(t, g, "a"); r.delay < 2*time.Minute {
			t.Errorf("Retry-After is not obeyed: %s", r.delay)
		}
		time.Sleep(2 * time.Minute)
		fail(&fault.Failure{Reason: fault.SourceUnreachable, RetryAfter: time.Hour})
		time.Sleep(5*time.Minute - time.Millisecond)
		mustRefuse(t, g, "a")
		time.Sleep(time.Millisecond)
		fail(nil)
		mustEnter(t, g, "a")
		mustEnter(t, g, "a")
	})
}

// A thousand jobs of a host that answers in 100 ms do not come back at once.
func TestGateSpreadsWhatItRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTestGate(4)
		p := mustEnter(t, g, "a")
		time.Sleep(100 * time.Millisecond)
		p.leave(t.Context(), nil)
		for range 3 {
			mustEnter(t, g, "a")
		}
		var last time.Duration
		for range 1000 {
			last = mustRefuse(t, g, "a").delay
		}
		if turn := 1000 * 100 * time.Millisecond / 3; last < turn/3 || last > turn*3/2 {
			t.Errorf("the last of 1000 comes again after %s, its turn comes after %s", last, turn)
		}
	})
}

func TestGateForgets(t *testing.T) {
	t.Parallel()
	g := newTestGate(8)
	g.cfg.Hosts = 3
	held := mustEnter(t, g, "held")
	for i := range 100 {
		prove(t, g, fmt.Sprint("host", i))
	}
	if len(g.hosts) != 3 || g.recent.Len() != 3 || g.hosts["held"] == nil {
		t.Errorf("%d hosts are remembered", len(g.hosts))
	}
	held.leave(t.Context(), nil)
	if g.doubtful != 0 {
		t.Errorf("%d slots are held by nobody", g.doubtful)
	}
}
