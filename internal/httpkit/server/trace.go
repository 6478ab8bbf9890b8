package server

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/tracing"
)

// trace returns ctx, the context of the request, in the trace that its header names, and the
// span of the request where there is one. Quiet routes have none. Who sends a sampled
// traceparent has the request sampled, unless OTEL_TRACES_SAMPLER says otherwise.
func (s *Server) trace(ctx context.Context, r *http.Request, id string) (context.Context, tracing.Span) {
	ctx = tracing.Accept(ctx, r.Header)
	if s.Tracer == nil {
		return ctx, tracing.Span{}
	}
	_, pattern := s.mux.Handler(r)
	if s.quiet[pattern] {
		return ctx, tracing.Span{}
	}
	method, name := knownMethod(r.Method)
	attributes := []attribute.KeyValue{
		tracing.HTTPMethod.String(method), tracing.URLPath.String(r.URL.Path), tracing.RequestID.String(id),
	}
	if _, route, ok := strings.Cut(pattern, " "); ok {
		attributes = append(attributes, tracing.HTTPRoute.String(route))
		name += " " + route
	}
	return s.Tracer.Begin(ctx, tracing.Root{Name: name, Kind: trace.SpanKindServer, Attributes: attributes})
}

// knownMethod is how the conventions name a method, and the span of a request with it:
// one that no route has is not repeated.
func knownMethod(method string) (value, name string) {
	if method == http.MethodOptions || slices.Contains(methods(), method) {
		return method, method
	}
	return "_OTHER", "HTTP"
}

// endTrace ends the span of a request that was answered.
func endTrace(span tracing.Span, w *response, body *httpkit.Body) {
	if !span.Recording() {
		return
	}
	span.Number(tracing.HTTPStatus, int64(w.status))
	span.Number(tracing.HTTPRequestSize, body.Bytes())
	span.Number(tracing.HTTPResponseSize, w.bytes)
	if w.status >= http.StatusInternalServerError || w.status == 0 {
		span.Text(tracing.ErrorType, strconv.Itoa(w.status))
		span.Fail("")
	}
	span.End(nil)
}
