package otlp_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"vitrine.dev/internal/logtest"
	"vitrine.dev/internal/tracing"
	"vitrine.dev/internal/tracing/otlp"
)

// TestOutage: spans that cannot be sent are dropped, and said so once; so is when they can be
// sent again.
func TestOutage(t *testing.T) {
	var up atomic.Bool
	got := make(chan *collector.ExportTraceServiceRequest, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if !up.Load() || err != nil || proto.Unmarshal(body, &sent) != nil || r.Header.Get("Key") != "secret" {
			http.Error(w, "down", http.StatusBadRequest)
			return
		}
		got <- &sent
	}))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Key=secret")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	t.Setenv("OTEL_SERVICE_NAME", "shop-pictures")
	var log logtest.Buffer
	p, err := otlp.Open(t.Context(), otlp.Config{Version: "v1.2.3", Role: "worker", Process: "p1"}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	send := func() {
		t.Helper()
		_, span := tracing.New(p).Begin(t.Context(), tracing.Root{Name: "image attempt"})
		span.End(nil)
		if err := p.ForceFlush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for range 3 {
		send()
	}
	if n := strings.Count(log.String(), "level=WARN msg=\"spans are not sent, and dropped\""); n != 1 || strings.Contains(log.String(), "sent again") {
		t.Errorf("of three failures %d are logged: %s", n, log.String())
	}
	up.Store(true)
	send()
	if !strings.Contains(log.String(), "spans are sent again") {
		t.Errorf("the log is %s", log.String())
	}
	resource := (<-got).GetResourceSpans()[0].GetResource().String()
	for _, want := range []string{"shop-pictures", "v1.2.3", "p1", "worker", "deployment.environment.name", "service.instance.id"} {
		if !strings.Contains(resource, want) {
			t.Errorf("the process is described as %s, without %s", resource, want)
		}
	}
	for range 3 { // what goes wrong in the libraries
		otel.Handle(errors.New("partial success: 3 spans rejected"))
	}
	if n := strings.Count(log.String(), "partial success"); n != 1 {
		t.Errorf("an error that repeats is logged %d times: %s", n, log.String())
	}
	_, span := tracing.New(p).Begin(t.Context(), tracing.Root{Name: "the last one"})
	span.End(nil)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if last := (<-got).GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName(); last != "the last one" {
		t.Errorf("at the end %s was sent", last)
	}
}

// TestSilentCollector: a collector that does not answer holds up no end.
func TestSilentCollector(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it takes seconds")
	}
	asked, release := make(chan struct{}, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-release
	}))
	defer server.Close()
	defer close(release)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600000")
	p, err := otlp.Open(t.Context(), otlp.Config{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracing.New(p).Begin(t.Context(), tracing.Root{Name: "image attempt"})
	span.End(nil)
	ended := make(chan error, 1)
	go func() { ended <- p.Close() }()
	<-asked
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it has sent its spans to no one")
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits for a collector that does not answer")
	}
}

// grpcCollector receives by gRPC.
type grpcCollector struct {
	collector.UnimplementedTraceServiceServer

	got chan *collector.ExportTraceServiceRequest
}

func (c grpcCollector) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.got <- r
	return &collector.ExportTraceServiceResponse{}, nil
}

// TestGRPC sends by gRPC.
func TestGRPC(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, receiver := grpc.NewServer(), grpcCollector{got: make(chan *collector.ExportTraceServiceRequest, 1)}
	collector.RegisterTraceServiceServer(server, receiver)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String())
	p, err := otlp.Open(t.Context(), otlp.Config{GRPC: true}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracing.New(p).Begin(t.Context(), tracing.Root{Name: "image attempt"})
	span.End(nil)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if name := (<-receiver.got).GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName(); name != "image attempt" {
		t.Errorf("%s was sent", name)
	}
}
