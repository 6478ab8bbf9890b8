package media_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/tracing"
)

const request = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// traced handles one job and returns the spans of it by their names.
func traced(t *testing.T, work *fakeWork, change func(*fakeImage), traceparent string) map[string]sdk.ReadOnlySpan {
	t.Helper()
	b := setup(t, work, "http://a/1.jpg")
	b.store.set(change)
	spans := tracetest.NewSpanRecorder()
	worker := media.NewWorker(media.Parts{
		Store: b.store, Fetcher: work, Spool: fakeSpool{}, Renderer: work, Blobs: work, Announce: b.announcements, Log: slog.New(slog.DiscardHandler),
		Tracer: tracing.New(sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))),
	}, media.DefaultWorkerConfig(64, 2))
	job := media.Job{ImageID: 1, ProductID: 7, Generation: b.store.image(1).generation, Traceparent: traceparent}
	if err := worker.Handle(t.Context(), queue.Message{ID: "1", Body: job.Encode()}); err != nil {
		t.Fatal(err)
	}
	all := map[string]sdk.ReadOnlySpan{}
	for _, s := range spans.Ended() {
		all[s.Name()] = s
	}
	if len(spans.Ended()) != len(spans.Started()) {
		t.Errorf("of %d spans %d have ended", len(spans.Started()), len(spans.Ended()))
	}
	return all
}

func wantAttributes(t *testing.T, s sdk.ReadOnlySpan, want ...attribute.KeyValue) {
	t.Helper()
	got := attribute.NewSet(s.Attributes()...)
	for _, w := range want {
		if v, _ := got.Value(w.Key); v != w.Value {
			t.Errorf("%s of %s is %s, want %s", w.Key, s.Name(), v.String(), w.Value.String())
		}
	}
}

// TestFirstAttemptIsOfTheRequest: its steps are below it, and it is below the request, as is the
// time in the queue.
func TestFirstAttemptIsOfTheRequest(t *testing.T) {
	t.Parallel()
	began := time.Now()
	all := traced(t, &fakeWork{render: func(context.Context, []byte) (media.Rendered, error) {
		return media.Rendered{
			Width: 1, Height: 1, Compressed: media.Encoded{Format: "jpeg", Body: []byte("12345")},
			Parts: []media.RenderPart{{Name: "decode", Began: began, Took: 3 * time.Second}},
		}, nil
	}}, func(img *fakeImage) { img.age = time.Minute }, request)
	attempt := all[tracing.SpanAttempt]
	if attempt == nil || len(all) != 7 {
		t.Fatalf("spans %v", all)
	}
	for _, s := range all {
		if s.SpanContext().TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" {
			t.Errorf("%s is in another trace", s.Name())
		}
	}
	for name, parent := range map[string]trace.SpanID{
		"fetch": attempt.SpanContext().SpanID(), "render": attempt.SpanContext().SpanID(), "store": attempt.SpanContext().SpanID(),
		"complete": attempt.SpanContext().SpanID(), "decode": all["render"].SpanContext().SpanID(),
	} {
		if all[name].Parent().SpanID() != parent {
			t.Errorf("%s is below %s, want %s", name, all[name].Parent().SpanID(), parent)
		}
	}
	for _, s := range []sdk.ReadOnlySpan{all["queue"], attempt} {
		if s.Parent().SpanID().String() != "00f067aa0ba902b7" || len(s.Links()) != 0 {
			t.Errorf("%s is below %s", s.Name(), s.Parent().SpanID())
		}
	}
	if q := all["queue"]; q.EndTime().Sub(q.StartTime()) != time.Minute || q.EndTime().After(attempt.StartTime()) {
		t.Errorf("in the queue from %s to %s, begun at %s", q.StartTime(), q.EndTime(), attempt.StartTime())
	}
	if d := all["decode"]; !d.StartTime().Equal(began) || d.EndTime().Sub(d.StartTime()) != 3*time.Second {
		t.Errorf("decode from %s to %s", d.StartTime(), d.EndTime())
	}
	wantAttributes(t, attempt, tracing.ImageID.Int(1), tracing.ProductID.Int(7), tracing.Attempt.Int(1), tracing.Outcome.String("ready"), tracing.Age.Float64(60))
	wantAttributes(t, all["store"], tracing.BytesOut.Int(5))
}

// TestOtherAttemptsAreLinked: they have a trace of their own.
func TestOtherAttemptsAreLinked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*fakeImage)
		sent   string
		links  int
	}{
		"a retry":                         {func(img *fakeImage) { img.attempt = 1 }, request, 1},
		"a replay":                        {func(img *fakeImage) { img.generation = 2 }, request, 1},
		"a replay of no trace":            {func(img *fakeImage) { img.generation = 2 }, "", 0},
		"the first of no trace":           {func(*fakeImage) {}, "", 0},
		"a retry whose request is broken": {func(img *fakeImage) { img.attempt = 1 }, "00-x", 0},
	} {
		all := traced(t, &fakeWork{}, c.change, c.sent)
		attempt := all[tracing.SpanAttempt]
		if attempt.Parent().IsValid() || len(attempt.Links()) != c.links || all["queue"] != nil {
			t.Errorf("%s is below %v, with the links %v, and queue %v", name, attempt.Parent(), attempt.Links(), all["queue"])
		}
		if c.links > 0 && attempt.Links()[0].SpanContext.SpanID().String() != "00f067aa0ba902b7" {
			t.Errorf("%s is linked with %v", name, attempt.Links())
		}
	}
}

// TestFailedAttempt says why, in the step that failed, too.
func TestFailedAttempt(t *testing.T) {
	t.Parallel()
	all := traced(t, &fakeWork{fetch: func(context.Context, string) ([]byte, error) {
		return nil, fault.Fail(fault.SourceNotFound, "gone", nil)
	}}, func(*fakeImage) {}, request)
	attempt := all[tracing.SpanAttempt]
	wantAttributes(t, attempt, tracing.Outcome.String("failed"), tracing.Reason.String("source_not_found"), tracing.ErrorType.String("source_not_found"))
	if attempt.Status().Code != codes.Error || all["fetch"].Status().Code != codes.Error || all["render"] != nil {
		t.Errorf("the attempt ended with %v, the fetch with %v", attempt.Status(), all["fetch"].Status())
	}
}
