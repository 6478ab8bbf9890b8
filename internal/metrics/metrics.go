package metrics

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"
)

// namespace begins the names of our metrics.
const namespace = "vitrine"

// Metrics are those of one process. They are safe for concurrent use.
type Metrics struct {
	Requests *Requests
	Images   *Images

	registry   *prometheus.Registry
	deliveries *prometheus.CounterVec
	rows       *prometheus.CounterVec
}

// Build is what the program was made from. Commit is "" where that is not known.
type Build struct{ Version, Commit, Go string }

// New returns the metrics of a process that has done nothing yet.
func New(b Build) *Metrics {
	m := &Metrics{
		Requests: newRequests(), Images: newImages(), registry: prometheus.NewRegistry(),
		deliveries: newDeliveries(), rows: newRows(),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "1; the labels say what the program was made from.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "go_version": b.Go},
	})
	build.Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		build, m.Requests, m.Images, m.deliveries, m.rows,
	)
	return m
}

// Handler serves the metrics. A scrape asks no other part.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, // which has exemplars
	})
}

// gauge exposes what value returns at each scrape.
func (m *Metrics) gauge(name, help string, value func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, value))
}

// observe adds the value, with the trace that ctx is in where that is recorded.
func observe(ctx context.Context, to prometheus.Observer, value float64) {
	span := trace.SpanContextFromContext(ctx)
	if with, can := to.(prometheus.ExemplarObserver); can && span.IsValid() && span.IsSampled() {
		with.ObserveWithExemplar(value, prometheus.Labels{"trace_id": span.TraceID().String()})
		return
	}
	to.Observe(value)
}
