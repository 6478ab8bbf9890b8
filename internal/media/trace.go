package media

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/tracing"
)

// trace begins the span of the attempt. The first attempt of a new image is a part of the
// request's trace, and so is its time in the queue; any other one, also that of a replay or a
// refresh, has a trace of its own with a link to the request that asked for the work.
func (a *attempt) trace(ctx context.Context) context.Context {
	if a.Tracer == nil {
		return ctx
	}
	c := a.claim
	first := c.Generation == 1 && c.Attempt == 1
	if first && c.Traceparent != "" {
		a.Tracer.Record(ctx, tracing.SpanQueue, a.started.Add(-c.Age), c.Age)
	}
	ctx, a.span = a.Tracer.Begin(ctx, tracing.Root{
		Name: tracing.SpanAttempt, Kind: trace.SpanKindConsumer, Linked: !first,
		Attributes: []attribute.KeyValue{
			tracing.ImageID.Int64(c.ImageID), tracing.ProductID.Int64(c.ProductID), tracing.Generation.Int64(c.Generation),
			tracing.Attempt.Int(c.Attempt), tracing.JobKind.String(string(c.Kind)), tracing.Age.Float64(c.Age.Seconds()),
			tracing.RequestID.String(c.RequestID),
		},
	})
	return ctx
}

// traceEnd ends the span of the attempt.
func (a *attempt) traceEnd(o Outcome, f *fault.Failure) {
	a.span.Text(tracing.Outcome, string(o))
	if f == nil {
		a.span.End(nil)
		return
	}
	a.span.Text(tracing.Reason, string(f.Reason))
	a.span.Text(tracing.ErrorType, string(f.Reason))
	a.span.End(f)
}

// traceStep ends the span of a step.
func traceStep(span tracing.Span, s Step) {
	span.Number(tracing.BytesIn, s.BytesIn)
	span.Number(tracing.BytesOut, s.BytesOut)
	span.End(s.Err)
}

// traceRender adds the parts of a rendering, which has ended in whichever process, to its step.
func traceRender(ctx context.Context, parts []RenderPart) {
	for _, p := range parts {
		tracing.Record(ctx, p.Name, p.Began, p.Took)
	}
}
