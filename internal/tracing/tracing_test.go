package tracing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"vitrine.dev/internal/tracing"
)

const sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func recorder(options ...sdk.TracerProviderOption) (*tracing.Tracer, *tracetest.SpanRecorder) {
	r := tracetest.NewSpanRecorder()
	return tracing.New(sdk.NewTracerProvider(append(options, sdk.WithSpanProcessor(r))...)), r
}

// TestAccept: a header names the trace, or is ignored.
func TestAccept(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"none": nil, "empty": {""}, "twice": {sent, sent}, "upper case": {strings.ToUpper(sent)}, "no trace": {"00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
		"no span": {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"}, "short": {sent[:54]}, "more in version 00": {sent + "-x"},
		"forbidden version": {"ff" + sent[2:]}, "text": {"'; DROP TABLE images"}, "long": {strings.Repeat("0", 10_000)},
	} {
		ctx := tracing.Accept(t.Context(), http.Header{tracing.HeaderTraceparent: values, tracing.HeaderTracestate: {"a=b"}})
		if got := tracing.Traceparent(ctx); got != "" {
			t.Errorf("%s: was taken for %s", name, got)
		}
	}
	ctx := tracing.Accept(t.Context(), http.Header{tracing.HeaderTraceparent: {sent}, tracing.HeaderTracestate: {"congo=t61rcWkgMzE"}})
	if got := tracing.Traceparent(ctx); got != sent {
		t.Errorf("accepted as %s, want %s", got, sent)
	}
	if got := trace.SpanContextFromContext(ctx).TraceState().String(); got != "congo=t61rcWkgMzE" {
		t.Errorf("the trace's state is %q", got)
	}
	if got := tracing.Traceparent(tracing.With(t.Context(), sent)); got != sent {
		t.Errorf("kept as %s", got)
	}
	if got := tracing.Traceparent(tracing.Without(ctx)); got != "" {
		t.Errorf("without a trace there is %s", got)
	}
	if got := tracing.Traceparent(tracing.Accept(t.Context(), http.Header{tracing.HeaderTraceparent: {"01" + sent[2:] + "-what-is-to-come"}})); got != sent {
		t.Errorf("of a later version %s was accepted", got)
	}
}

// TestSpans: children are below the span of their context, a linked root is not.
func TestSpans(t *testing.T) {
	t.Parallel()
	tracer, spans := recorder()
	remote := tracing.With(t.Context(), sent)
	ctx, root := tracer.Begin(remote, tracing.Root{Name: "POST /products", Kind: trace.SpanKindServer, Attributes: []attribute.KeyValue{tracing.HTTPRoute.String("/products")}})
	began := time.Now().Add(-time.Minute)
	tracing.Record(ctx, "queue", began, time.Second)
	below, call := tracing.StartCall(ctx, "GET")
	_, inner := tracing.Start(below, "inner")
	inner.End(nil)
	call.Number(tracing.HTTPStatus, 503)
	call.End(errors.New("no answer"))
	root.Text(tracing.Outcome, "ready")
	root.Rename("PUT")
	root.End(nil)
	_, linked := tracer.Begin(remote, tracing.Root{Name: "image attempt", Linked: true})
	linked.End(nil)
	_, alone := tracer.Begin(t.Context(), tracing.Root{Name: "alone", Linked: true})
	alone.End(nil)

	all := map[string]sdk.ReadOnlySpan{}
	for _, s := range spans.Ended() {
		all[s.Name()] = s
	}
	put, get := all["PUT"], all["GET"]
	if len(all) != 6 || put == nil || put.Parent().SpanID().String() != "00f067aa0ba902b7" || put.SpanContext().TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" {
		t.Fatalf("spans %v", all)
	}
	if get.Parent().SpanID() != put.SpanContext().SpanID() || get.Status() != (sdk.Status{Code: codes.Error, Description: "no answer"}) || get.SpanKind() != trace.SpanKindClient {
		t.Errorf("the call is %+v", get)
	}
	if all["inner"].Parent().SpanID() != get.SpanContext().SpanID() {
		t.Errorf("inner is below %s", all["inner"].Parent().SpanID())
	}
	if q := all["queue"]; !q.StartTime().Equal(began) || q.EndTime().Sub(q.StartTime()) != time.Second || q.Parent().SpanID() != put.SpanContext().SpanID() {
		t.Errorf("queue from %s to %s, want a second from %s on", q.StartTime(), q.EndTime(), began)
	}
	if l := all["image attempt"]; l.Parent().IsValid() || l.SpanContext().TraceID() == put.SpanContext().TraceID() ||
		len(l.Links()) != 1 || l.Links()[0].SpanContext.SpanID().String() != "00f067aa0ba902b7" {
		t.Errorf("linked: %+v", l)
	}
	if l := all["alone"]; len(l.Links()) != 0 {
		t.Errorf("linked with nothing: %+v", l.Links())
	}
}

// TestUnsampled: what is not sampled leaves a context as it was, and has no parts.
func TestUnsampled(t *testing.T) {
	t.Parallel()
	tracer, spans := recorder(sdk.WithSampler(sdk.ParentBased(sdk.NeverSample())))
	ctx, span := tracer.Begin(t.Context(), tracing.Root{Name: "GET /products"})
	if tracing.Traceparent(ctx) != "" || span.Recording() {
		t.Errorf("a trace that no one sees: %s", tracing.Traceparent(ctx))
	}
	unsampled := sent[:53] + "00"
	if ctx, _ := tracer.Begin(tracing.With(t.Context(), unsampled), tracing.Root{Name: "GET /products"}); tracing.Traceparent(ctx) != unsampled {
		t.Errorf("a trace that was sent became %s", tracing.Traceparent(ctx))
	}
	if ctx, _ := tracer.Begin(tracing.With(t.Context(), sent), tracing.Root{Name: "GET /products"}); tracing.Traceparent(ctx)[:36] != sent[:36] {
		t.Errorf("a sampled trace became %s", tracing.Traceparent(ctx))
	}
	if n := len(spans.Started()); n != 1 {
		t.Errorf("%d spans were recorded, want the sampled one", n)
	}
}

// TestLogHandler adds the trace to lines of a traced context, and to no others.
func TestLogHandler(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(tracing.LogHandler(slog.NewJSONHandler(&out, nil))).With("role", "api")
	log.InfoContext(tracing.With(t.Context(), sent), "request", "status", 201)
	log.InfoContext(t.Context(), "request")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var traced, plain map[string]any
	if json.Unmarshal([]byte(lines[0]), &traced) != nil || json.Unmarshal([]byte(lines[1]), &plain) != nil {
		t.Fatal(out.String())
	}
	if traced["trace_id"] != "4bf92f3577b34da6a3ce929d0e0e4736" || traced["span_id"] != "00f067aa0ba902b7" || traced["role"] != "api" || traced["status"] != 201.0 {
		t.Errorf("the line of a trace is %v", traced)
	}
	if _, there := plain["trace_id"]; there {
		t.Errorf("the line of none is %v", plain)
	}
}

type key struct{}

// TestOffCostsNothing: without a trace nothing allocates.
func TestOffCostsNothing(t *testing.T) {
	var off *tracing.Tracer
	ctx, header := context.WithValue(t.Context(), key{}, "x"), http.Header{"Accept": {"*/*"}}
	handler := tracing.LogHandler(slog.DiscardHandler)
	failed := errors.New("x")
	for name, do := range map[string]func(){
		"a request": func() { _ = tracing.Accept(ctx, header) },
		"a row":     func() { _ = tracing.Traceparent(ctx) },
		"a job":     func() { _ = tracing.With(ctx, "") },
		"a queue":   func() { off.Record(ctx, "queue", time.Time{}, time.Second) },
		"an attempt": func() {
			_, span := off.Begin(ctx, tracing.Root{Name: "image attempt"})
			span.Text(tracing.Outcome, "ready")
			span.End(nil)
		},
		"a step": func() {
			below, span := tracing.Start(ctx, "fetch")
			tracing.Record(below, "decode", time.Time{}, time.Second)
			span.Number(tracing.BytesIn, 1<<40)
			span.End(failed)
		},
		"a line": func() { _ = handler.Handle(ctx, slog.Record{}) },
	} {
		if n := testing.AllocsPerRun(100, do); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
