// Package otlptest is a collector of spans for tests.
package otlptest

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector is a collector of OTLP by HTTP on loopback, and what it was sent.
type Collector struct {
	*httptest.Server

	mu    sync.Mutex
	spans []Span
}

// Span is a span as it was sent, with numbers of attributes as int64 and all else as text.
type Span struct {
	Trace, ID, Parent string // in hexadecimal; Parent "" for a root
	Name              string
	Kind              string // server, client, consumer, internal
	Resource          map[string]any
	Attributes        map[string]any
	Links             []string // trace/span
	Began, Ended      time.Time
	Failed            bool
}

// New starts a collector.
func New(t *testing.T) *Collector {
	t.Helper()
	c := &Collector{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

// Env are the variables of a process that sends its spans to c soon.
func (c *Collector) Env() map[string]string {
	return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_BSP_SCHEDULE_DELAY": "100"}
}

// ServeHTTP implements http.Handler.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var sent collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &sent)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, "no OTLP", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, from := range sent.GetResourceSpans() {
		resource := attributes(from.GetResource().GetAttributes())
		for _, scope := range from.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, read(s, resource))
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func read(s *trace.Span, resource map[string]any) Span {
	kinds := map[trace.Span_SpanKind]string{
		trace.Span_SPAN_KIND_SERVER: "server", trace.Span_SPAN_KIND_CLIENT: "client",
		trace.Span_SPAN_KIND_CONSUMER: "consumer", trace.Span_SPAN_KIND_INTERNAL: "internal",
	}
	span := Span{
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Name: s.GetName(), Kind: kinds[s.GetKind()], Resource: resource, Attributes: attributes(s.GetAttributes()),
		Began: nanoseconds(s.GetStartTimeUnixNano()), Ended: nanoseconds(s.GetEndTimeUnixNano()),
		Failed: s.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR,
	}
	for _, l := range s.GetLinks() {
		span.Links = append(span.Links, hex.EncodeToString(l.GetTraceId())+"/"+hex.EncodeToString(l.GetSpanId()))
	}
	return span
}

func nanoseconds(n uint64) time.Time { return time.Unix(0, int64(n)) }

func attributes(list []*common.KeyValue) map[string]any {
	all := map[string]any{}
	for _, a := range list {
		if n, ok := a.GetValue().GetValue().(*common.AnyValue_IntValue); ok {
			all[a.GetKey()] = n.IntValue
			continue
		}
		all[a.GetKey()] = a.GetValue().GetStringValue()
	}
	return all
}

// Spans returns what has come so far, by when it began.
func (c *Collector) Spans(match func(Span) bool) (found []Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if match(s) {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b Span) int { return a.Began.Compare(b.Began) })
	return found
}
