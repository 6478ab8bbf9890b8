package metrics

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// How a step ended.
const (
	stepDone        = "done"
	stepFailed      = "failed"      // so the attempt has failed
	stepInterrupted = "interrupted" // the attempt was ended from outside, or its result was not wanted any more
)

// Images is told of the attempts at images. It implements media.Observer.
type Images struct {
	attempts *prometheus.CounterVec
	steps    *prometheus.HistogramVec
	ready    prometheus.Histogram
}

var _ media.Observer = (*Images)(nil)

func newImages() *Images {
	m := &Images{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "image_attempts_total",
			Help: "Attempts at images that have ended, by outcome, and why they failed.",
		}, []string{"outcome", "reason"}),
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "image_step_duration_seconds",
			Help:    "Time of a step of an attempt at an image, with its waits, in seconds.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300},
		}, []string{"step", "outcome"}),
		ready: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "image_ready_seconds",
			Help: "Time from the answer to a create until a picture of it is ready, in seconds," +
				" of pictures whose host has answered at the first request.",
			Buckets: []float64{.25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900, 3600}, // 60 s is the objective
		}),
	}
	// A series that begins with its first event has no rate for it.
	for _, o := range media.Outcomes() {
		if o != media.OutcomeRetried && o != media.OutcomeFailed {
			m.attempts.WithLabelValues(string(o), "")
			continue
		}
		for _, r := range fault.Reasons() {
			if o == media.OutcomeFailed || r.Retryable() {
				m.attempts.WithLabelValues(string(o), string(r))
			}
		}
	}
	for _, s := range media.StepNames() {
		for _, o := range []string{stepDone, stepFailed, stepInterrupted} {
			m.steps.WithLabelValues(string(s), o)
		}
	}
	return m
}

// Attempted implements media.Observer.
func (m *Images) Attempted(ctx context.Context, a media.Attempted) {
	reason := ""
	if a.Failure != nil {
		reason = string(a.Failure.Reason)
	}
	m.attempts.WithLabelValues(string(a.Outcome), reason).Inc()
	for _, s := range a.Steps {
		observe(ctx, m.steps.WithLabelValues(string(s.Name), stepOutcome(s.Err)), s.Took.Seconds())
	}
	// A picture of a host that has not answered waits for the host, which is not our doing. A lost
	// worker is.
	if c := a.Claim; a.Outcome == media.OutcomeReady && c.Kind == media.First && c.Attempt == c.Lost+1 {
		observe(ctx, m.ready, (c.Age + a.Took).Seconds())
	}
}

func stepOutcome(err error) string {
	if err == nil {
		return stepDone
	}
	if _, failed := fault.FailureOf(err); failed {
		return stepFailed
	}
	return stepInterrupted
}

// Describe and Collect implement prometheus.Collector.
func (m *Images) Describe(to chan<- *prometheus.Desc) {
	m.attempts.Describe(to)
	m.steps.Describe(to)
	m.ready.Describe(to)
}

// Collect implements prometheus.Collector.
func (m *Images) Collect(to chan<- prometheus.Metric) {
	m.attempts.Collect(to)
	m.steps.Collect(to)
	m.ready.Collect(to)
}
