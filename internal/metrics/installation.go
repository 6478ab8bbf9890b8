package metrics

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/processes"
)

const (
	// sampler is the name of the lease under which one process at a time samples.
	sampler = "metrics"
	// sampleInterval is how often it does.
	sampleInterval = 15 * time.Second
	// sampleLife is for how long a sample is exposed, and the lease lasts: another process takes over
	// after no longer than that and sampleInterval.
	sampleLife = 40 * time.Second
	// sampleTimeout bounds one sample.
	sampleTimeout = 10 * time.Second
)

// Work is what Installation asks of a dispatch.Inspector.
type Work interface {
	Overview(ctx context.Context) (dispatch.Overview, error)
	OpenHosts(ctx context.Context) (int, error)
}

// Failures is what Installation asks of failures.Store.
type Failures interface {
	CountListed(ctx context.Context, most int) (map[failures.Kind]int, error)
}

// Installation exposes figures of the whole installation from one process at a time, under
// a lease, so that sums over processes are right, and a scrape counts nothing.
type Installation struct {
	work     Work
	failures Failures
	leases   processes.Leases
	sampled  func(context.Context, dispatch.Overview)
	holder   string // names this process
	log      *slog.Logger
	outage   *backoff.Outage

	waiting, oldest, hosts, dead *prometheus.Desc
	last                         atomic.Pointer[sample]
}

// sample is what was found.
type sample struct {
	work  dispatch.Overview
	hosts int
	dead  map[failures.Kind]int
	until time.Time // it is exposed
}

// Installation adds the figures of the installation; its Run samples them. sampled is told of each sample of the work;
// nil: no one is.
func (m *Metrics) Installation(
	w Work, f Failures, leases processes.Leases, sampled func(context.Context, dispatch.Overview), log *slog.Logger,
) *Installation {
	if sampled == nil {
		sampled = func(context.Context, dispatch.Overview) {}
	}
	i := &Installation{
		work: w, failures: f, leases: leases, sampled: sampled, holder: rand.Text(), log: log,
		outage: backoff.NewOutage(log, "metrics of the installation are held up", "metrics of the installation go on"),
		waiting: desc("jobs_waiting",
			"Images with work to do in each state, up to 10,000 (in_line: 20,000). One process of the installation exposes it.", "state"),
		oldest: desc("job_oldest_age_seconds",
			"Time since the work was due that has waited longest in each state, in seconds; 0 for none. One process of the installation exposes it.", "state"),
		hosts: desc("hosts_open",
			"Hosts whose breaker has opened, and which have not answered since, up to 10,000. One process of the installation exposes it."),
		dead: desc("dead_letters",
			"Dead letters that are neither replayed nor discarded, up to 10,000 of each kind. One process of the installation exposes it.", "kind"),
	}
	m.registry.MustRegister(i)
	return i
}

// Run samples where this process has the lease, until ctx is done.
func (i *Installation) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		began := time.Now()
		err := i.leases.TakeLease(ctx, sampler, i.holder, sampleLife)
		switch {
		case err == nil:
			err = i.sample(ctx)
		case fault.KindOf(err) == fault.Conflict: // another process samples
			i.last.Store(nil)
			err = nil
		}
		if err == nil {
			i.outage.Succeeded(ctx)
		} else if ctx.Err() == nil {
			i.outage.Failed(ctx, "database", err)
		}
		_ = backoff.Sleep(ctx, sampleInterval-time.Since(began)) // its end ends the loop
	}
	i.last.Store(nil)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sampleTimeout)
	defer cancel()
	_ = i.leases.EndLease(ctx, sampler, i.holder) // else it runs out
	return nil
}

// sample reads the figures.
func (i *Installation) sample(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	s := &sample{until: time.Now().Add(sampleLife)}
	var err error
	if s.work, err = i.work.Overview(ctx); err != nil {
		return err
	}
	if s.hosts, err = i.work.OpenHosts(ctx); err != nil {
		return err
	}
	if s.dead, err = i.failures.CountListed(ctx, dispatch.CountMost); err != nil {
		return err
	}
	i.last.Store(s)
	i.sampled(ctx, s.work)
	return nil
}

// Describe implements prometheus.Collector.
func (i *Installation) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{i.waiting, i.oldest, i.hosts, i.dead} {
		to <- d
	}
}

// Collect implements prometheus.Collector. There is nothing where another process samples, or where
// the last sample is old.
func (i *Installation) Collect(to chan<- prometheus.Metric) {
	s := i.last.Load()
	if s == nil || time.Now().After(s.until) {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, c := range s.work.States {
		gauge(i.waiting, float64(c.Images), string(c.State))
		if c.State != dispatch.StateLater { // which is not due
			gauge(i.oldest, s.work.Age(c).Seconds(), string(c.State))
		}
	}
	gauge(i.hosts, float64(s.hosts))
	for _, k := range []failures.Kind{failures.KindImage, failures.KindMessage} {
		gauge(i.dead, float64(s.dead[k]), string(k))
	}
}
