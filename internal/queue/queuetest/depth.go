package queuetest

import (
	"context"
	"testing"
	"time"

	"vitrine.dev/internal/queue"
)

// testDepth: where messages wait with a broker, it can say how many.
func testDepth(b *bench) {
	t := b.t
	q := b.queue()
	gauge, ok := q.(queue.Gauge)
	if ok != b.can.Stores {
		t.Fatalf("stores messages: %t, can say how many: %t", b.can.Stores, ok)
	}
	if !ok {
		return
	}
	reaches(t, gauge, queue.Depth{})
	publish(t, q, messages(3)...)
	reaches(t, gauge, queue.Depth{Ready: 3})

	rejecting := consume(t, q, 1, func(context.Context, queue.Message) error { return queue.ErrReject })
	reaches(t, gauge, queue.Depth{Dead: 3})
	rejecting.stop()
	rejecting.endsWell(t)

	dead := make(chan queue.Message, 3)
	consumeDead(t, q, func(_ context.Context, m queue.Message) error {
		dead <- m
		return nil
	})
	for range 3 {
		receive(t, dead, "a dead letter")
	}
	reaches(t, gauge, queue.Depth{Drained: true})
}

// reaches polls until the broker has counted what it was told.
func reaches(t *testing.T, gauge queue.Gauge, want queue.Depth) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		got, err := gauge.Depth(ctx)
		if got == want && err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("depth is %+v, %v; want %+v", got, err, want)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// testProbe: a probe reaches no one, leaves nothing, and disturbs no message.
func testProbe(b *bench) {
	t := b.t
	q := b.queue()
	handled := make(chan queue.Message, 16)
	consume(t, q, 1, func(_ context.Context, m queue.Message) error {
		handled <- m
		return nil
	})
	for range 3 {
		if err := q.Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, q, messages(1)...)
	receive(t, handled, "the message")
	select {
	case m := <-handled:
		t.Errorf("handled %+v, which no one published", m)
	default:
	}
	if gauge, ok := q.(queue.Gauge); ok {
		reaches(t, gauge, queue.Depth{})
	}
}
