package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/queue"
)

var errAgain = errors.New("not this time")

// testCarries: id and body arrive as they were sent.
func testCarries(b *bench) {
	t := b.t
	sent := map[string][]byte{
		"empty":  nil,
		"text":   []byte(`{"image_id":1}`),
		"binary": {0, 1, 0xff, 0xfe, '\n', 0},
		"large":  bytes.Repeat([]byte("0123456789abcdef"), 1<<16), // beyond one frame
	}
	q := b.queue()
	got := make(chan queue.Message, 2*len(sent))
	consume(t, q, 2, func(_ context.Context, m queue.Message) error {
		got <- m
		return nil
	})
	for id, body := range sent {
		publish(t, q, queue.Message{ID: id, Body: body})
		m := receive(t, got, id)
		if m.ID != id || !bytes.Equal(m.Body, body) {
			t.Errorf("sent %s with %d bytes, got %s with %d", id, len(body), m.ID, len(m.Body))
		}
	}
}

// testFailureKeeps: an error of the handler keeps the message, which succeeds later.
func testFailureKeeps(b *bench) {
	t := b.t
	q := b.queue()
	testKept(t, q, func() error { return errAgain })
}

// testPanicKeeps: a panic counts as an error and harms nothing else.
func testPanicKeeps(b *bench) {
	t := b.t
	q := b.queue()
	testKept(t, q, func() error { panic("a defect of the handler") })
}

func testKept(t *testing.T, q *queue.Queue, fail func() error) {
	t.Helper()
	const failures = 3
	var calls atomic.Int32
	succeeded := make(chan queue.Message, 1)
	consume(t, q, 1, func(_ context.Context, m queue.Message) error {
		if calls.Add(1) <= failures {
			return fail()
		}
		succeeded <- m
		return nil
	})
	consumeDead(t, q, func(_ context.Context, m queue.Message) error {
		t.Errorf("%s was dead-lettered", m.ID)
		return nil
	})
	publish(t, q, message(1))
	if m := receive(t, succeeded, "the message to be redelivered"); string(m.Body) != string(message(1).Body) {
		t.Errorf("it came back as %q", m.Body)
	}
}

// testRejected: ErrReject moves the message to the dead handler at once.
func testRejected(b *bench) {
	t := b.t
	q := b.queue()
	var calls atomic.Int32
	dead := make(chan queue.Message, 8)
	consume(t, q, 2, func(_ context.Context, m queue.Message) error {
		calls.Add(1)
		return fmt.Errorf("read %s: %w", m.ID, queue.ErrReject)
	})
	ready := make(chan struct{})
	consumeDead(t, q, func(_ context.Context, m queue.Message) error {
		if m.ID == "warm-up" {
			close(ready)
			return nil
		}
		dead <- m
		return nil
	})
	// Where there is no broker a rejection fails until ConsumeDead is up.
	publish(t, q, queue.Message{ID: "warm-up"})
	receive(t, ready, "the dead-letter consumer")
	calls.Store(0)

	publish(t, q, message(1))
	if m := receive(t, dead, "the dead letter"); m.ID != "m1" || string(m.Body) != string(message(1).Body) {
		t.Errorf("dead letter %s %q", m.ID, m.Body)
	}
	silence(t, dead, "a second dead letter of one message")
	if n := calls.Load(); n != 1 {
		t.Errorf("a rejected message was handled %d times", n)
	}
}

// testDeadFailureKeeps: an error of the dead handler keeps the dead letter.
func testDeadFailureKeeps(b *bench) {
	t := b.t
	q := b.queue()
	consume(t, q, 1, func(context.Context, queue.Message) error { return queue.ErrReject })
	var calls atomic.Int32
	handled := make(chan queue.Message, 1)
	consumeDead(t, q, func(_ context.Context, m queue.Message) error {
		if calls.Add(1) <= 3 {
			return errAgain
		}
		handled <- m
		return nil
	})
	publish(t, q, message(1))
	receive(t, handled, "the dead letter to be redelivered")
}

// testDeadRejected: a rejected dead letter is dropped and not offered for ever.
func testDeadRejected(b *bench) {
	t := b.t
	q := b.queue()
	consume(t, q, 1, func(context.Context, queue.Message) error { return queue.ErrReject })
	offered := make(chan string, 8)
	consumeDead(t, q, func(_ context.Context, m queue.Message) error {
		offered <- m.ID
		return queue.ErrReject
	})
	publish(t, q, message(1))
	receive(t, offered, "the dead letter")
	silence(t, offered, "a dropped dead letter was redelivered")
}

// testRepeated: a message that always fails is dead-lettered after the limit,
// where the driver counts; otherwise its publisher learns of each failure.
func testRepeated(b *bench) {
	t := b.t
	q := b.queue()
	var calls atomic.Int32
	consume(t, q, 1, func(context.Context, queue.Message) error {
		calls.Add(1)
		return errAgain
	})
	dead := make(chan queue.Message, 1)
	consumeDead(t, q, func(_ context.Context, m queue.Message) error {
		dead <- m
		return nil
	})
	if !b.can.CountsDeliveries {
		for range DeliveryLimit + 1 {
			if err := q.Publish(t.Context(), message(1)); !errors.Is(err, errAgain) {
				t.Fatalf("publish: %v, want the handler's error", err)
			}
		}
		silence(t, dead, "dead-lettered without a limit")
		return
	}
	publish(t, q, message(1))
	if m := receive(t, dead, "the dead letter"); m.ID != "m1" {
		t.Errorf("dead letter %s", m.ID)
	}
	if n := calls.Load(); n < DeliveryLimit {
		t.Errorf("given up after %d deliveries, the limit is %d", n, DeliveryLimit)
	}
}

// testConfirmed: nil from Publish means that the message survives: it waits in
// the broker for a consumer of another Queue, or it has been handled.
func testConfirmed(b *bench) {
	t := b.t
	first := b.queue()
	handled := make(chan queue.Message, 1)
	if b.can.Stores {
		publish(t, first, message(1))
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		consume(t, b.queue(), 1, func(_ context.Context, m queue.Message) error {
			handled <- m
			return nil
		})
		receive(t, handled, "the confirmed message")
		return
	}
	published := make(chan error, 1)
	go func() { published <- first.Publish(t.Context(), message(1)) }()
	silence(t, published, "published with no consumer")
	release := make(chan struct{})
	consume(t, first, 1, func(_ context.Context, m queue.Message) error {
		handled <- m
		<-release
		return nil
	})
	receive(t, handled, "the message that waited")
	silence(t, published, "published before it was handled")
	close(release)
	if err := receive(t, published, "the end of Publish"); err != nil {
		t.Error(err)
	}
}
