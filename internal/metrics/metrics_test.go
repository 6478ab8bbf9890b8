package metrics_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/metrics"
	"vitrine.dev/internal/webhook"
)

func newMetrics() *metrics.Metrics {
	return metrics.New(metrics.Build{Version: "v1", Commit: "abc", Go: "go1"})
}

// scrape returns what m exposes, in the format that has exemplars.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
	m.Handler().ServeHTTP(w, r)
	body, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d, %v", w.Code, err)
	}
	return string(body)
}

// wantLines asserts that each is a line of what m exposes, or the beginning of one before an exemplar.
func wantLines(t *testing.T, m *metrics.Metrics, lines ...string) {
	t.Helper()
	all := "\n" + scrape(t, m)
	for _, l := range lines {
		if !strings.Contains(all, "\n"+l+"\n") && !strings.Contains(all, "\n"+l+" # ") {
			t.Errorf("no line %s in%s", l, ours(all))
		}
	}
}

func wantNone(t *testing.T, m *metrics.Metrics, text string) {
	t.Helper()
	if all := scrape(t, m); strings.Contains(all, text) {
		t.Errorf("%s is among%s", text, ours(all))
	}
}

// ours are the lines of our metrics that are not zero.
func ours(all string) string {
	var b strings.Builder
	for l := range strings.Lines(all) {
		if strings.HasPrefix(l, "vitrine_") && !strings.HasSuffix(l, " 0\n") && !strings.HasSuffix(l, " 0.0\n") {
			b.WriteString("\n" + strings.TrimSpace(l))
		}
	}
	return b.String()
}

func TestRequests(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	observe := func(method, pattern string, status int) {
		r := httptest.NewRequestWithContext(t.Context(), method, "/", nil)
		r.Pattern = pattern
		m.Requests.Observe(r, status, 200*time.Millisecond)
	}
	observe(http.MethodPost, "POST /products", 201)
	observe(http.MethodPost, "POST /products", 201)
	observe(http.MethodPost, "POST /products", 503)
	observe(http.MethodHead, "GET /products/{id}", 304)
	observe("BREW", "/", 405)
	observe(http.MethodGet, "", 404)
	observe(http.MethodGet, "GET /events", 0) // the client has gone before the answer
	wantLines(t, m,
		`vitrine_http_request_duration_seconds_count{method="POST",route="/products",status_class="2xx"} 2`,
		`vitrine_http_request_duration_seconds_bucket{method="POST",route="/products",status_class="2xx",le="0.1"} 0`,
		`vitrine_http_request_duration_seconds_bucket{method="POST",route="/products",status_class="2xx",le="0.25"} 2`,
		`vitrine_http_request_duration_seconds_count{method="POST",route="/products",status_class="5xx"} 1`,
		`vitrine_http_request_duration_seconds_count{method="HEAD",route="/products/{id}",status_class="3xx"} 1`,
		`vitrine_http_request_duration_seconds_count{method="other",route="none",status_class="4xx"} 1`,
		`vitrine_http_request_duration_seconds_count{method="GET",route="none",status_class="4xx"} 1`,
		`vitrine_http_request_duration_seconds_count{method="GET",route="/events",status_class="4xx"} 1`,
	)
}

// TestRequestsOfClientsThatHaveGone are no fault of the server.
func TestRequestsOfClientsThatHaveGone(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	ctx, cancel := contextWithCancel(t)
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	r.Pattern = "GET /products"
	m.Requests.Observe(r, 503, time.Second)
	m.Requests.Observe(r, 200, time.Second)
	wantNone(t, m, "5xx")
	wantLines(t, m, `vitrine_http_request_duration_seconds_count{method="GET",route="/products",status_class="4xx"} 1`,
		`vitrine_http_request_duration_seconds_count{method="GET",route="/products",status_class="2xx"} 1`)
}

// TestRequestsAllocateNothing: the API answers tens of thousands a second.
func TestRequestsAllocateNothing(t *testing.T) {
	m := newMetrics()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Pattern = "GET /products/{id}"
	m.Requests.Observe(r, 200, time.Millisecond)
	if n := testing.AllocsPerRun(1000, func() { m.Requests.Observe(r, 200, time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations for a request", n)
	}
}

// TestExemplars: a trace that is recorded is named, and no other.
func TestExemplars(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	observe := func(first byte, flags trace.TraceFlags) {
		span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{first}, SpanID: trace.SpanID{1}, TraceFlags: flags})
		ctx := trace.ContextWithSpanContext(t.Context(), span)
		m.Requests.Observe(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil), 200, time.Duration(first)*time.Millisecond)
		m.Images.Attempted(ctx, media.Attempted{Outcome: media.OutcomeReady, Claim: media.Claim{Kind: media.First, Attempt: 1}, Took: time.Duration(first) * time.Second})
	}
	observe(0x0a, trace.FlagsSampled)
	observe(0x20, 0)
	if all := scrape(t, m); strings.Count(all, `# {trace_id="0a00`) != 2 || strings.Contains(all, `trace_id="2000`) {
		t.Errorf("exemplars in%s", ours(all))
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	first := media.Claim{Kind: media.First, Attempt: 1, Age: 20 * time.Second}
	fail := fault.Fail(fault.SourceTimeout, "It was slow.", nil)
	done := media.Step{Name: media.StepFetch, Took: 2 * time.Second}
	attempts := []media.Attempted{
		{Claim: first, Outcome: media.OutcomeReady, Took: 5 * time.Second, Steps: []media.Step{done, {Name: media.StepStore, Took: time.Second}}},
		{Claim: first, Outcome: media.OutcomeRetried, Failure: fail, Steps: []media.Step{{Name: media.StepFetch, Took: 40 * time.Second, Err: fail}}},
		{Claim: first, Outcome: media.OutcomeInterrupted, Steps: []media.Step{{Name: media.StepFetch, Err: io.EOF}}},
		// A lost worker is our doing, a host that has failed is not, nor is a refresh timed.
		{Claim: media.Claim{Kind: media.First, Attempt: 2, Lost: 1, Age: 100 * time.Second}, Outcome: media.OutcomeReady},
		{Claim: media.Claim{Kind: media.First, Attempt: 2}, Outcome: media.OutcomeReady},
		{Claim: media.Claim{Kind: media.Refresh, Attempt: 1}, Outcome: media.OutcomeReady},
	}
	for _, a := range attempts {
		m.Images.Attempted(t.Context(), a)
	}
	wantLines(t, m,
		`vitrine_image_attempts_total{outcome="ready",reason=""} 4.0`,
		`vitrine_image_attempts_total{outcome="retried",reason="source_timeout"} 1.0`,
		`vitrine_image_attempts_total{outcome="failed",reason="storage_unavailable"} 0.0`,
		`vitrine_image_attempts_total{outcome="interrupted",reason=""} 1.0`,
		`vitrine_image_ready_seconds_bucket{le="20.0"} 0`,
		`vitrine_image_ready_seconds_bucket{le="60.0"} 1`,
		`vitrine_image_ready_seconds_count 2`,
		`vitrine_image_step_duration_seconds_count{outcome="done",step="fetch"} 1`,
		`vitrine_image_step_duration_seconds_sum{outcome="failed",step="fetch"} 40.0`,
		`vitrine_image_step_duration_seconds_count{outcome="interrupted",step="fetch"} 1`,
		`vitrine_image_step_duration_seconds_count{outcome="done",step="store"} 1`,
		`vitrine_image_step_duration_seconds_count{outcome="failed",step="complete"} 0`,
	)
}

// fakeWorker is a worker and a renderer in which something is going on.
type fakeWorker struct{}

func (fakeWorker) InFlight() int                { return 3 }
func (fakeWorker) PIDs() []int                  { return []int{71, 72} }
func (fakeWorker) Pixels() (used, budget int64) { return 10, 40 }

func TestParts(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	m.Worker(fakeWorker{}, func() int { return 64 }, fakeWorker{})
	m.Cache(func() metrics.CacheRequests {
		return metrics.CacheRequests{Hits: 10, Misses: 5, Coalesced: 2, Errors: 1}
	})
	m.Readers(func() map[string]time.Duration { return map[string]time.Duration{"cache": 1500 * time.Millisecond} })
	m.Delivered(webhook.Delivered)
	m.Delivered(webhook.Waiting)
	m.Imported(imports.Counts{Read: 7, Created: 4, Failed: 3})
	m.Imported(imports.Counts{Created: 1})
	wantLines(t, m,
		`vitrine_worker_slots 64.0`, `vitrine_jobs_in_work 3.0`, `vitrine_render_children 2.0`, `vitrine_pixel_budget_used_ratio 0.25`,
		`vitrine_cache_requests_total{result="hit"} 10.0`, `vitrine_cache_requests_total{result="miss"} 3.0`,
		`vitrine_cache_requests_total{result="coalesced"} 2.0`, `vitrine_cache_requests_total{result="error"} 1.0`,
		`vitrine_events_reader_lag_seconds{reader="cache"} 1.5`,
		`vitrine_webhook_deliveries_total{outcome="delivered"} 1.0`, `vitrine_webhook_deliveries_total{outcome="waiting"} 1.0`,
		`vitrine_webhook_deliveries_total{outcome="failed"} 0.0`,
		`vitrine_import_rows_total{outcome="created"} 5.0`, `vitrine_import_rows_total{outcome="failed"} 3.0`,
		`vitrine_build_info{commit="abc",go_version="go1",version="v1"} 1.0`,
	)
	if all := scrape(t, m); !strings.Contains(all, "\ngo_goroutines ") || !strings.Contains(all, "\nprocess_start_time_seconds ") {
		t.Error("there is nothing of Go or of the process")
	}
}

// everything is a process that exposes all there is.
func everything(t *testing.T) *metrics.Metrics {
	t.Helper()
	m := newMetrics()
	m.Worker(fakeWorker{}, func() int { return 64 }, fakeWorker{})
	m.Cache(func() metrics.CacheRequests { return metrics.CacheRequests{} })
	m.Readers(func() map[string]time.Duration { return map[string]time.Duration{"cache": 0} })
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	m.Requests.Observe(r, 200, time.Second)
	leases := &fakeLeases{}
	i := m.Installation(&fakeWork{overview: dispatch.Overview{States: []dispatch.StateCount{{State: dispatch.StateDue}}}},
		&fakeFailures{counts: map[failures.Kind]int{}}, leases, nil, slog.New(slog.DiscardHandler))
	ctx, stop := contextWithCancel(t)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = i.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(scrape(t, m), "\nvitrine_hosts_open "); {
		if time.Now().After(deadline) {
			t.Fatal("nothing was sampled")
		}
		<-time.After(time.Millisecond)
	}
	return m
}
