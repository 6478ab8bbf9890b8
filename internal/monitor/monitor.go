package monitor

import (
	"context"
	"log/slog"
	"time"
)

// The states of a process.
const (
	Ready       = "ready"
	Degraded    = "degraded"    // a part is not ok, but the work goes on
	Unavailable = "unavailable" // a part that the process needs is not ok
)

const (
	// answerTimeout bounds the check of all parts together, so that the caller
	// has an answer in time.
	answerTimeout = 2 * time.Second
	// startTimeout is longer: at the start the cause matters, not the time.
	startTimeout = 15 * time.Second
)

// Monitor checks all parts of a process. It is safe for concurrent use.
type Monitor struct {
	log    *slog.Logger
	checks []*Check
}

// New returns a Monitor.
func New(log *slog.Logger, checks ...*Check) *Monitor { return &Monitor{log: log, checks: checks} }

// Report is how the process is, and each of its parts by name.
type Report struct {
	Status string
	Parts  map[string]Status
	// Since is, of each part that is not ok, when that was seen first.
	Since map[string]time.Time
}

// Check checks all parts at once and returns within two seconds, also where a
// part ignores its context. A part whose status has changed since the last check
// is logged, with the cause.
func (m *Monitor) Check(ctx context.Context) Report { return m.within(ctx, answerTimeout) }

// Start logs one line for each unavailable part, with the cause.
func (m *Monitor) Start(ctx context.Context) error {
	m.within(ctx, startTimeout)
	return nil
}

type outcome struct {
	index  int
	status Status
	err    error
}

func (m *Monitor) within(ctx context.Context, limit time.Duration) Report {
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	outcomes := make(chan outcome, len(m.checks))
	all := make([]outcome, len(m.checks))
	for i, c := range m.checks {
		all[i] = outcome{i, Down, errNoAnswer}
		go func() {
			status, err := c.status(asking)
			outcomes <- outcome{i, status, err}
		}()
	}
wait:
	for range m.checks {
		select {
		case o := <-outcomes:
			all[o.index] = o
		case <-asking.Done():
			break wait
		}
	}
	if ctx.Err() != nil { // the caller has gone: the outcomes mean nothing
		return m.report(all)
	}
	for _, o := range all {
		m.checks[o.index].note(o.status)
		m.logChange(ctx, m.checks[o.index], o)
	}
	return m.report(all)
}

// report is the one place that says what the parts mean for the whole.
func (m *Monitor) report(all []outcome) Report {
	r := Report{Status: Ready, Parts: make(map[string]Status, len(all)), Since: map[string]time.Time{}}
	for _, o := range all {
		c := m.checks[o.index]
		r.Parts[c.Name] = o.status
		if since := c.since(); o.status != OK && !since.IsZero() {
			r.Since[c.Name] = since
		}
		needed := o.status == Down && c.Need >= Reads || o.status == ReadOnly && c.Need >= Writes
		switch {
		case needed:
			r.Status = Unavailable
		case o.status != OK && r.Status == Ready:
			r.Status = Degraded
		}
	}
	return r
}

func (m *Monitor) logChange(ctx context.Context, c *Check, o outcome) {
	if !c.changed(o.status, o.err) {
		return
	}
	if o.status == OK {
		m.log.InfoContext(ctx, "part is available again", "part", c.Name, "where", c.Where)
		return
	}
	m.log.WarnContext(ctx, "part is not available", "part", c.Name, "status", string(o.status), "where", c.Where, "error", o.err)
}
