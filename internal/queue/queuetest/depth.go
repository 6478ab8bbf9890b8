package queuetest

import (
	"context"
	"testing"
	"time"

	"vitrine.dev/internal/queue"
)

// testDepth: where messages wait with a broker, it can say how many; where none
// wait there are none.
func testDepth(b *bench) {
	t := b.t
	q := b.queue()
	reaches(t, q, queue.Work, queue.Depth{})
	reaches(t, q, queue.Dead, queue.Depth{})
	if b.can.Stores {
		publish(t, q, messages(3)...)
		reaches(t, q, queue.Work, queue.Depth{Ready: 3})
	}
	rejecting := consume(t, q, 1, func(context.Context, queue.Message) error { return queue.ErrReject })
	reaches(t, q, queue.Work, queue.Depth{Consumers: 1})
	if b.can.Stores {
		reaches(t, q, queue.Dead, queue.Depth{Ready: 3})
	}
	rejecting.stop()
	rejecting.endsWell(t)
	reaches(t, q, queue.Work, queue.Depth{})

	dead := make(chan queue.Message, 3)
	consumeDead(t, q, func(_ context.Context, m queue.Message) error {
		dead <- m
		return nil
	})
	if b.can.Stores {
		for range 3 {
			receive(t, dead, "a dead letter")
		}
	}
	reaches(t, q, queue.Dead, queue.Depth{Consumers: 1})
}

// reaches polls until the broker has counted.
func reaches(t *testing.T, q *queue.Queue, of queue.Source, want queue.Depth) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		got, err := q.Depth(ctx, of)
		if got == want && err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("depth of %s is %+v, %v; want %+v", of, got, err, want)
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
	reaches(t, q, queue.Work, queue.Depth{Consumers: 1})
}
