package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

type fakeWork struct {
	mu       sync.Mutex
	overview dispatch.Overview
	asked    int
	err      error
}

func (f *fakeWork) Overview(context.Context) (dispatch.Overview, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return f.overview, f.err
}

func (f *fakeWork) OpenHosts(context.Context) (int, error) { return 2, nil }

func (f *fakeWork) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fakeWork) times() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

type fakeFailures struct{ counts map[failures.Kind]int }

func (f *fakeFailures) CountListed(context.Context, int) (map[failures.Kind]int, error) {
	return f.counts, nil
}

// fakeLeases has one lease.
type fakeLeases struct {
	mu     sync.Mutex
	holder string
	until  time.Time
	down   bool
}

func (f *fakeLeases) TakeLease(_ context.Context, _, holder string, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.down:
		return fault.New(fault.Unavailable, "no database")
	case f.holder != holder && time.Now().Before(f.until):
		return fault.New(fault.Conflict, "held")
	}
	f.holder, f.until = holder, time.Now().Add(d)
	return nil
}

func (f *fakeLeases) RenewLease(context.Context, string, string, time.Duration) error {
	return errors.New("it is taken each time")
}

func (f *fakeLeases) EndLease(_ context.Context, _, holder string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holder == holder {
		f.until = time.Time{}
	}
	return nil
}

func (f *fakeLeases) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// take gives the lease to no process of the test.
func (f *fakeLeases) take(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.holder, f.until = "another", time.Now().Add(d)
}

const hostsOpen = "\nvitrine_hosts_open "

// TestInstallation: one process at a time exposes the figures, and samples them however often it is asked.
func TestInstallation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		work := &fakeWork{overview: dispatch.Overview{At: now, States: []dispatch.StateCount{
			{State: dispatch.StateDue, Images: 4, OldestAt: now.Add(-time.Hour), DueAt: now.Add(-time.Minute)},
			{State: dispatch.StateParked},
			{State: dispatch.StateLater, Images: 7, DueAt: now.Add(time.Minute)},
		}}}
		leases, dead := &fakeLeases{}, &fakeFailures{counts: map[failures.Kind]int{failures.KindImage: 9}}
		first, second := newMetrics(), newMetrics()
		log := slog.New(slog.DiscardHandler)
		ctx, stop := context.WithCancel(t.Context())
		told := 0
		figures := first.Installation(work, dead, leases, func(_ context.Context, o dispatch.Overview) { told += len(o.States) }, log)
		go func() { _ = figures.Run(ctx) }()
		synctest.Wait()
		other, stopOther := context.WithCancel(t.Context())
		defer stopOther()
		go func() { _ = second.Installation(work, dead, leases, nil, log).Run(other) }()
		synctest.Wait()
		wantNone(t, second, hostsOpen)
		wantLines(t, first,
			`vitrine_jobs_waiting{state="due"} 4.0`, `vitrine_jobs_waiting{state="parked"} 0.0`, `vitrine_jobs_waiting{state="later"} 7.0`,
			`vitrine_job_oldest_age_seconds{state="due"} 60.0`, `vitrine_job_oldest_age_seconds{state="parked"} 0.0`,
			`vitrine_hosts_open 2.0`, `vitrine_dead_letters{kind="image"} 9.0`, `vitrine_dead_letters{kind="message"} 0.0`,
		)
		wantNone(t, first, `vitrine_job_oldest_age_seconds{state="later"}`)
		for range 10 {
			scrape(t, first)
		}
		if n := work.times(); n != 1 {
			t.Errorf("the figures were read %d times", n)
		}
		<-time.After(31 * time.Second)
		if n := work.times(); n != 3 {
			t.Errorf("the figures were read %d times in 31 s", n)
		}
		synctest.Wait()
		if told != 3*3 {
			t.Errorf("of three samples of three states, %d states were told of", told)
		}
		stop() // the lease is released
		<-time.After(15 * time.Second)
		wantNone(t, first, hostsOpen)
		wantLines(t, second, `vitrine_hosts_open 2.0`)
		stopOther()
		synctest.Wait()
	})
}

// TestInstallationInTrouble: no figure is exposed that is old, nor one beside another process.
func TestInstallationInTrouble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		work, leases := &fakeWork{}, &fakeLeases{}
		m := newMetrics()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = m.Installation(work, &fakeFailures{}, leases, nil, slog.New(slog.DiscardHandler)).Run(ctx) }()
		trouble := func(what string, begin, end func()) {
			<-time.After(61 * time.Second)
			wantLines(t, m, `vitrine_hosts_open 2.0`)
			begin()
			<-time.After(61 * time.Second)
			t.Log(what)
			wantNone(t, m, hostsOpen)
			end()
		}
		trouble("the database is unavailable", func() { leases.setDown(true) }, func() { leases.setDown(false) })
		trouble("the figures cannot be read", func() { work.fail(errors.New("too slow")) }, func() { work.fail(nil) })
		trouble("another process has the lease", func() { leases.take(time.Hour) }, func() { leases.take(0) })
		stop()
		synctest.Wait()
	})
}
