package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/webhook"
)

func newDeliveries() *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Name: "webhook_deliveries_total",
		Help: "Requests to webhooks that have ended, by what became of the delivery.",
	}, []string{"outcome"})
	for _, s := range webhook.States() {
		c.WithLabelValues(string(s))
	}
	return c
}

// Delivered counts a request to a webhook, by where the delivery is after it.
func (m *Metrics) Delivered(s webhook.State) { m.deliveries.WithLabelValues(string(s)).Inc() }

func newRows() *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Name: "import_rows_total",
		Help: "Rows of imports that were written or refused, by outcome. A row that a later one supersedes counts once, as superseded; those of dry runs count not.",
	}, []string{"outcome"})
	for _, o := range rowOutcomes(imports.Counts{}) {
		c.WithLabelValues(string(o.outcome))
	}
	return c
}

// rowOutcome is how many rows had an outcome.
type rowOutcome struct {
	outcome catalog.Outcome
	rows    int64
}

func rowOutcomes(c imports.Counts) []rowOutcome {
	return []rowOutcome{
		{catalog.Created, c.Created},
		{catalog.Updated, c.Updated},
		{catalog.Unchanged, c.Unchanged},
		{catalog.Rejected, c.Failed},
		{catalog.Superseded, c.Superseded},
	}
}

// Imported counts rows of imports.
func (m *Metrics) Imported(c imports.Counts) {
	for _, o := range rowOutcomes(c) {
		m.rows.WithLabelValues(string(o.outcome)).Add(float64(o.rows))
	}
}

// Worker are the figures of the work on images of this process.
type Worker interface {
	InFlight() int // images that are in work
}

// Renderer is what renders pictures in processes of its own.
type Renderer interface {
	PIDs() []int                  // of the render processes that are alive
	Pixels() (used, budget int64) // that pictures in work hold, and may hold
}

// Worker exposes the figures of a worker, which has so many slots at a time, and of its renderer, which may be nil.
func (m *Metrics) Worker(w Worker, slots func() int, r Renderer) {
	m.gauge("worker_slots", "Downloads that this process has room for; 0 once it drains.", func() float64 { return float64(slots()) })
	m.gauge("jobs_in_work", "Images that are in work in this process: downloaded, rendered, stored, or waiting for one of these.",
		func() float64 { return float64(w.InFlight()) })
	if r == nil {
		return
	}
	m.gauge("render_children", "Render processes of this process that are alive.", func() float64 { return float64(len(r.PIDs())) })
	m.gauge("pixel_budget_used_ratio", "Share of the pixels that pictures in work may hold which is taken, from 0 to 1.", func() float64 {
		used, budget := r.Pixels()
		return float64(used) / float64(budget)
	})
}

// CacheRequests are how many reads had each result since the start of the process.
type CacheRequests struct {
	Hits, Misses, Coalesced, Errors int64
}

// Cache exposes how reads through the cache end.
func (m *Metrics) Cache(stats func() CacheRequests) {
	m.registry.MustRegister(&sampled{
		desc: desc("cache_requests_total",
			"Reads through the cache, by result; error: calls of the cache that failed, beside the others.", "result"),
		kind: prometheus.CounterValue,
		read: func() map[string]float64 {
			s := stats()
			return map[string]float64{
				"hit": float64(s.Hits), "miss": float64(s.Misses - s.Coalesced),
				"coalesced": float64(s.Coalesced), "error": float64(s.Errors),
			}
		},
	})
}

// Readers exposes how far readers of the log of events are behind, by their names.
func (m *Metrics) Readers(lags func() map[string]time.Duration) {
	m.registry.MustRegister(&sampled{
		desc: desc("events_reader_lag_seconds", "Age of the oldest event that a reader has not dealt with, in seconds.", "reader"),
		kind: prometheus.GaugeValue,
		read: func() map[string]float64 {
			seconds := map[string]float64{}
			for reader, lag := range lags() {
				seconds[reader] = lag.Seconds()
			}
			return seconds
		},
	})
}

// sampled exposes values that are read at each scrape, by the one label of desc.
type sampled struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func() map[string]float64
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

// Describe implements prometheus.Collector.
func (s *sampled) Describe(to chan<- *prometheus.Desc) { to <- s.desc }

// Collect implements prometheus.Collector.
func (s *sampled) Collect(to chan<- prometheus.Metric) {
	for label, value := range s.read() {
		to <- prometheus.MustNewConstMetric(s.desc, s.kind, value, label)
	}
}
