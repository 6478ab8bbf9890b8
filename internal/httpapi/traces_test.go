package httpapi_test

import (
	"log/slog"
	"net/http"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/tracing"
)

// TestRequestSpans: every request but probes has a span with its route, and its log lines the trace.
func TestRequestSpans(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	spans := tracetest.NewSpanRecorder()
	s.handler = newAPI(t, httpapi.Deps{
		Service: catalog.NewService(s.store, s.views, catalog.DefaultKeyTTL), Views: s.views, Images: panics{}, URL: imageURL,
		Tracer: tracing.New(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))),
		Log:    slog.New(tracing.LogHandler(slog.NewJSONHandler(s.logs, nil))),
	})
	const sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for _, c := range []struct {
		method, target, sent string
		name, verb, route    string
		failed               bool
		status               int64
	}{
		{method: "POST", target: "/products", sent: sent, name: "POST /products", verb: "POST", route: "/products", status: 422},
		{method: "HEAD", target: "/products/101?x=secret", sent: "00-nonsense", name: "HEAD /products/{id}", verb: "HEAD", route: "/products/{id}", status: 422},
		{method: "GET", target: "/images/a/b", name: "GET /images/{key...}", verb: "GET", route: "/images/{key...}", status: 500, failed: true},
		{method: "GET", target: "/nothing/at/all", name: "GET", verb: "GET", status: 404},
		{method: "BREW", target: "/products", name: "HTTP", verb: "_OTHER", status: 405},
		{method: "GET", target: "/healthz"},
	} {
		before := len(spans.Ended())
		s.do(c.method, c.target, `{}`, "Traceparent", c.sent)
		ended := spans.Ended()[before:]
		if c.name == "" {
			if len(ended) > 0 {
				t.Errorf("%s has the span %v", c.target, ended[0])
			}
			continue
		}
		if len(ended) != 1 || ended[0].Name() != c.name {
			t.Errorf("%s %s: %v", c.method, c.target, ended)
			continue
		}
		got := attribute.NewSet(ended[0].Attributes()...)
		method, _ := got.Value(tracing.HTTPMethod)
		route, _ := got.Value(tracing.HTTPRoute)
		status, _ := got.Value(tracing.HTTPStatus)
		id, _ := got.Value(tracing.RequestID)
		if method.AsString() != c.verb || route.AsString() != c.route || status.AsInt64() != c.status || id.AsString() == "" {
			t.Errorf("%s %s: %v", c.method, c.target, got.ToSlice())
		}
		if failed := ended[0].Status().Code == codes.Error; failed != c.failed {
			t.Errorf("%s: failed is %t", c.target, failed)
		}
		if child := ended[0].Parent().IsValid(); child != (c.sent == sent) {
			t.Errorf("%s with traceparent %q is below %v", c.target, c.sent, ended[0].Parent())
		}
		if lines := s.logs.lines(t, "request"); lines[len(lines)-1]["trace_id"] != ended[0].SpanContext().TraceID().String() {
			t.Errorf("%s: the log line is %v", c.target, lines[len(lines)-1])
		}
	}
}

// TestTraceOfOthers: without spans of our own the trace that was sent is on log lines all the same.
func TestTraceOfOthers(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.handler = newAPI(t, httpapi.Deps{Views: s.views, URL: imageURL, Log: slog.New(tracing.LogHandler(slog.NewJSONHandler(s.logs, nil)))})
	s.do(http.MethodGet, "/nothing", "", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
	s.do(http.MethodGet, "/nothing", "")
	lines := s.logs.lines(t, "request")
	if lines[0]["trace_id"] != "4bf92f3577b34da6a3ce929d0e0e4736" || lines[1]["trace_id"] != nil {
		t.Errorf("the lines are %v", lines)
	}
}
