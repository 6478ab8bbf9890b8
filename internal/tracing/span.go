package tracing

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// scope names who makes the spans.
const scope = "vitrine.dev/internal/tracing"

// Tracer begins traces. nil is one that is off: it begins none. It is safe for concurrent use.
type Tracer struct{ tracer trace.Tracer }

// New returns a Tracer whose spans go to the provider.
func New(p trace.TracerProvider) *Tracer { return &Tracer{tracerOf(p)} }

func tracerOf(p trace.TracerProvider) trace.Tracer {
	return p.Tracer(scope, trace.WithSchemaURL(SchemaURL))
}

// Root is what a Tracer is to begin.
type Root struct {
	Name       string
	Kind       trace.SpanKind
	Attributes []attribute.KeyValue
	// Linked says that it begins a trace of its own, linked with that of the context; else
	// it is a child of the span there, if there is one.
	Linked bool
}

// Begin begins a span that is not below one of this process. Where the sampler does not
// want it, ctx keeps the trace that it has.
func (t *Tracer) Begin(ctx context.Context, r Root) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(r.Kind), trace.WithAttributes(r.Attributes...)}
	if r.Linked {
		options = append(options, trace.WithNewRoot())
		if trace.SpanContextFromContext(ctx).IsValid() {
			options = append(options, trace.WithLinks(trace.LinkFromContext(ctx)))
		}
	}
	traced, span := t.tracer.Start(ctx, r.Name, options...)
	if !span.IsRecording() {
		return ctx, Span{}
	}
	return traced, Span{span}
}

// Span is a part of a trace that is under way, or, as the zero value, none: its methods do
// nothing then, and nothing here allocates.
type Span struct{ span trace.Span }

// Start begins a part of what ctx has a span of: none where it has none.
func Start(ctx context.Context, name string) (context.Context, Span) {
	return start(ctx, name, trace.SpanKindInternal)
}

// StartCall is Start for a request to a server.
func StartCall(ctx context.Context, name string) (context.Context, Span) {
	return start(ctx, name, trace.SpanKindClient)
}

func start(ctx context.Context, name string, kind trace.SpanKind) (context.Context, Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, Span{}
	}
	ctx, span := tracerOf(parent.TracerProvider()).Start(ctx, name, trace.WithSpanKind(kind)) //nolint:spancheck // the caller ends it
	return ctx, Span{span}                                                                    //nolint:spancheck // likewise
}

// Record adds a part that is over to what ctx has a span of.
func Record(ctx context.Context, name string, began time.Time, took time.Duration) {
	if parent := trace.SpanFromContext(ctx); parent.IsRecording() {
		record(ctx, tracerOf(parent.TracerProvider()), name, began, took)
	}
}

// Record adds a span that is over to the trace of ctx, beside those of this process.
func (t *Tracer) Record(ctx context.Context, name string, began time.Time, took time.Duration) {
	if t != nil {
		record(ctx, t.tracer, name, began, took)
	}
}

func record(ctx context.Context, tracer trace.Tracer, name string, began time.Time, took time.Duration) {
	_, span := tracer.Start(ctx, name, trace.WithTimestamp(began))
	span.End(trace.WithTimestamp(began.Add(took)))
}

// Recording reports whether there is a span.
func (s Span) Recording() bool { return s.span != nil }

// Text sets an attribute.
func (s Span) Text(key attribute.Key, value string) {
	if s.span != nil {
		s.span.SetAttributes(key.String(value))
	}
}

// Number sets an attribute.
func (s Span) Number(key attribute.Key, value int64) {
	if s.span != nil {
		s.span.SetAttributes(key.Int64(value))
	}
}

// Rename gives it another name than it began with.
func (s Span) Rename(name string) {
	if s.span != nil {
		s.span.SetName(name)
	}
}

// Fail says that it failed, in words for an operator.
func (s Span) Fail(description string) {
	if s.span != nil {
		s.span.SetStatus(codes.Error, description)
	}
}

// End ends it: as failed where err is not nil.
func (s Span) End(err error) {
	if s.span == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, err.Error())
	}
	s.span.End()
}
