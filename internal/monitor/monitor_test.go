package monitor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/monitor"
)

// part is a stand-in that counts how often it is asked to write.
type part struct {
	ping, probe atomic.Pointer[error]
	probes      atomic.Int64
}

func (p *part) set(ping, probe error) {
	p.ping.Store(&ping)
	p.probe.Store(&probe)
}

func (p *part) check(need monitor.Need) *monitor.Check {
	return monitor.NewCheck(monitor.Part{
		Name: "part", Where: "somewhere", Need: need, Readable: true,
		Ping: func(context.Context) error { return *p.ping.Load() },
		Probe: func(context.Context) error {
			p.probes.Add(1)
			return *p.probe.Load()
		},
	})
}

var errDown = fault.New(fault.Unavailable, "down")

func watch(checks ...*monitor.Check) *monitor.Monitor {
	return monitor.New(slog.New(slog.DiscardHandler), checks...)
}

func want(t *testing.T, m *monitor.Monitor, status string, part monitor.Status) {
	t.Helper()
	if r := m.Check(t.Context()); r.Status != status || r.Parts["part"] != part {
		t.Errorf("%s, part is %s; want %s, %s", r.Status, r.Parts["part"], status, part)
	}
}

// TestNeeds is the table of what a part means for the process.
func TestNeeds(t *testing.T) {
	t.Parallel()
	for need, wanted := range map[monitor.Need][2]string{ // read-only, down
		monitor.Nothing: {monitor.Degraded, monitor.Degraded},
		monitor.Reads:   {monitor.Degraded, monitor.Unavailable},
		monitor.Writes:  {monitor.Unavailable, monitor.Unavailable},
	} {
		p := &part{}
		p.set(nil, errDown)
		want(t, watch(p.check(need)), wanted[0], monitor.ReadOnly)
		p.set(errDown, nil)
		want(t, watch(p.check(need)), wanted[1], monitor.Down)
		p.set(nil, nil)
		want(t, watch(p.check(need)), monitor.Ready, monitor.OK)
	}
	ok, broken := &part{}, &part{}
	ok.set(nil, nil)
	broken.set(errDown, nil)
	if r := watch(broken.check(monitor.Writes), monitor.NewCheck(monitor.Part{Name: "other"})).Check(t.Context()); r.Status != monitor.Unavailable ||
		!maps.Equal(r.Parts, map[string]monitor.Status{"part": monitor.Down, "other": monitor.OK}) {
		t.Errorf("report %+v", r)
	}
	unreadable := monitor.NewCheck(monitor.Part{Name: "part", Need: monitor.Reads, Probe: func(context.Context) error { return errDown }})
	want(t, watch(unreadable), monitor.Unavailable, monitor.Down)
}

// TestProbesOnceAMinute: however often it is asked for, whether it works or not.
func TestProbesOnceAMinute(t *testing.T) {
	t.Parallel()
	for name, probe := range map[string]error{"works": nil, "fails": errDown} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &part{}
				p.set(nil, probe)
				m := watch(p.check(monitor.Nothing))
				for range 601 {
					m.Check(t.Context())
					time.Sleep(time.Second)
				}
				if n := p.probes.Load(); n != 11 {
					t.Errorf("%d probes in ten minutes, want one a minute", n)
				}
			})
		})
	}
}

// TestRealWorkCounts: it flips the answer at once, either way, and saves probes.
func TestRealWorkCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &part{}
		p.set(nil, nil)
		c := p.check(monitor.Reads)
		m := watch(c)
		want(t, m, monitor.Ready, monitor.OK)
		c.Record(fmt.Errorf("put: %w", errDown))
		want(t, m, monitor.Degraded, monitor.ReadOnly)
		c.Record(fault.New(fault.Conflict, "a rule"))
		c.Record(errors.New("a defect"))
		c.Record(context.Canceled)
		want(t, m, monitor.Degraded, monitor.ReadOnly)
		c.Record(nil)
		want(t, m, monitor.Ready, monitor.OK)
		for range 600 { // ten minutes of work
			time.Sleep(time.Second)
			c.Record(nil)
			want(t, m, monitor.Ready, monitor.OK)
		}
		if n := p.probes.Load(); n != 1 {
			t.Errorf("%d probes beside work that succeeds, want the first alone", n)
		}
		c.Record(errDown) // and then no one works
		want(t, m, monitor.Degraded, monitor.ReadOnly)
		time.Sleep(time.Minute)
		want(t, m, monitor.Ready, monitor.OK)
		if n := p.probes.Load(); n != 2 {
			t.Errorf("%d probes: a failure is checked again after a minute", n)
		}
	})
}

// TestRecoveryIsSeenAtOnce: what failed while the part was unavailable does not
// count any more when it is back.
func TestRecoveryIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &part{}
		p.set(nil, nil)
		c := p.check(monitor.Reads)
		m := watch(c)
		want(t, m, monitor.Ready, monitor.OK)
		time.Sleep(10 * time.Second)
		p.set(errDown, errDown)
		c.Record(errDown)
		want(t, m, monitor.Unavailable, monitor.Down)
		c.Record(errDown)
		p.set(nil, nil)
		want(t, m, monitor.Ready, monitor.OK)
		if n := p.probes.Load(); n != 1 {
			t.Errorf("%d probes within ten seconds", n)
		}
	})
}

// TestHangingParts: parts are checked at once, and one that hangs, even if it
// ignores its context, is down.
func TestHangingParts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deaf := func(context.Context) error { <-release; return nil }
		slow := func(ctx context.Context) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		m := watch(monitor.NewCheck(monitor.Part{Name: "deaf", Ping: deaf}), monitor.NewCheck(monitor.Part{Name: "deaf probe", Probe: deaf}),
			monitor.NewCheck(monitor.Part{Name: "a", Ping: slow}), monitor.NewCheck(monitor.Part{Name: "b", Probe: slow}))
		began := time.Now()
		r := m.Check(t.Context())
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the answer took %v", took)
		}
		wanted := map[string]monitor.Status{"deaf": monitor.Down, "deaf probe": monitor.Down, "a": monitor.OK, "b": monitor.OK}
		if r.Status != monitor.Degraded || !maps.Equal(r.Parts, wanted) {
			t.Errorf("report %+v", r)
		}
		close(release)
		synctest.Wait()
		if r := m.Check(t.Context()); r.Status != monitor.Ready {
			t.Errorf("report %+v once all answer", r)
		}
	})
}

// TestOneLineForEachChange: an outage that is asked about a thousand times is
// two lines, with the cause and where; a third has what an operator has to do.
func TestOneLineForEachChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		p := &part{}
		p.set(errors.New("access denied"), nil)
		m := monitor.New(slog.New(slog.NewTextHandler(&logged, nil)), p.check(monitor.Nothing), monitor.NewCheck(monitor.Part{Name: "fine"}))
		if err := m.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			m.Check(t.Context())
		}
		p.set(fault.New(fault.Conflict, "the schema is old"), nil)
		for range 10 {
			m.Check(t.Context())
		}
		p.set(nil, nil)
		m.Check(t.Context())
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		m.Check(gone)
		lines := strings.Split(strings.TrimSpace(logged.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], "somewhere") || !strings.Contains(lines[0], "access denied") ||
			!strings.Contains(lines[1], "the schema is old") || !strings.Contains(lines[2], "available again") {
			t.Errorf("logged %s", &logged)
		}
	})
}
