package fetch_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/tracing"
)

// TestSpans: each request to a host has a span, without the secrets of its URL; hosts are sent
// nothing of the trace.
func TestSpans(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Traceparent") != "" || r.Header.Get("Tracestate") != "" || r.Header.Get("Baggage") != "" {
			t.Errorf("a host is sent %v", r.Header)
		}
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/gone?key=secret", http.StatusFound)
			return
		}
		http.NotFound(w, r)
	})
	spans := tracetest.NewSpanRecorder()
	ctx, root := tracing.New(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))).Begin(t.Context(), tracing.Root{Name: "fetch"})
	_, err := n.fetcher(t, limits()).Fetch(ctx, base+"/moved?key=secret")
	wantReason(t, "a redirect to nothing", err, fault.SourceNotFound)
	root.End(nil)
	var got []string
	for _, s := range spans.Ended() {
		set := attribute.NewSet(s.Attributes()...)
		status, _ := set.Value(tracing.HTTPStatus)
		url, _ := set.Value(tracing.URLFull)
		got = append(got, s.Name()+" "+strings.TrimPrefix(url.AsString(), base)+" "+status.String())
	}
	if want := []string{"GET /moved 302", "GET /gone 404"}; !slices.Equal(got[:2], want) || len(got) != 3 {
		t.Errorf("spans %q, want %q", got, want)
	}
}
