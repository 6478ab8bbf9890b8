package queuetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
)

// testConcurrency: as many handlers at a time as asked for, and never more.
func testConcurrency(b *bench) {
	t := b.t
	const concurrency, total = 4, 40
	q := b.queue()
	var active, excess atomic.Int32
	full := make(chan struct{})
	var once sync.Once
	handled := newTally(total)
	consume(t, q, concurrency, func(_ context.Context, m queue.Message) error {
		defer active.Add(-1)
		n := active.Add(1)
		if n > concurrency {
			excess.Store(n)
		}
		if n == concurrency {
			once.Do(func() { close(full) })
		}
		<-full // none ends before all have begun together
		handled.add(m)
		return nil
	})
	published := make(chan struct{})
	go func() { publish(t, q, messages(total)...); close(published) }()
	receive(t, full, "all handlers to be busy at once")
	receive(t, handled.all, "all messages")
	receive(t, published, "all Publish calls to return")
	if n := excess.Load(); n != 0 {
		t.Errorf("%d handlers at a time, want at most %d", n, concurrency)
	}
}

// testSlowHoldsUpNoOne: while one message takes long the others go on.
func testSlowHoldsUpNoOne(b *bench) {
	t := b.t
	q := b.queue()
	begun, release := make(chan struct{}, 1), make(chan struct{})
	handled := newTally(30)
	consume(t, q, 2, func(_ context.Context, m queue.Message) error {
		if m.ID == "slow" {
			begun <- struct{}{}
			<-release
			return nil
		}
		handled.add(m)
		return nil
	})
	var publishers sync.WaitGroup
	publishers.Go(func() { publish(t, q, queue.Message{ID: "slow"}) })
	receive(t, begun, "the slow message")
	publishers.Go(func() { publish(t, q, messages(30)...) })
	receive(t, handled.all, "the messages behind the slow one")
	close(release)
	publishers.Wait()
}

// testManyConsumers: 1,000 messages, 4 consumers, each message at least once.
func testManyConsumers(b *bench) {
	t := b.t
	const total = 1000
	handled := newTally(total)
	for range 4 {
		consume(t, b.queue(), 4, func(_ context.Context, m queue.Message) error {
			handled.add(m)
			return nil
		})
	}
	publish(t, b.queue(), messages(total)...)
	receive(t, handled.all, "all messages")
}

// testDrain: after the stop running handlers finish with a live context, no new
// message is begun, and none is lost.
func testDrain(b *bench) {
	t := b.t
	const total = 10
	q := b.queue()
	begun, release := make(chan string, total), make(chan struct{})
	handled := newTally(total)
	var alive atomic.Bool
	r := consume(t, q, 1, func(ctx context.Context, m queue.Message) error {
		begun <- m.ID
		<-release
		alive.Store(ctx.Err() == nil)
		handled.add(m)
		return nil
	})
	var publishers sync.WaitGroup
	publishers.Go(func() { publish(t, q, messages(total)...) })
	first := receive(t, begun, "the first message")
	r.stop()
	silence(t, r.ended, "the consumer ended before its handler")
	silence(t, begun, "a message was begun after the stop")
	close(release)
	r.endsWell(t)
	if !alive.Load() {
		t.Error("the stop cancelled the handler's context")
	}
	if n := handled.count(first); n != 1 {
		t.Fatalf("%s was handled %d times", first, n)
	}
	consume(t, q, 2, func(_ context.Context, m queue.Message) error {
		handled.add(m)
		return nil
	})
	publishers.Wait()
	receive(t, handled.all, "the messages that were not begun")
	if n := handled.count(first); n != 1 {
		t.Errorf("%s was finished during the drain and handled %d times", first, n)
	}
}

// testDrainTimeout: a handler that takes too long has its context cancelled,
// and its message is not lost.
func testDrainTimeout(b *bench) {
	t := b.t
	q := b.draining(50 * time.Millisecond)
	begun := make(chan struct{}, 1)
	r := consume(t, q, 1, func(ctx context.Context, _ queue.Message) error {
		begun <- struct{}{}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	var publisher sync.WaitGroup
	publisher.Go(func() { publish(t, q, message(1)) })
	receive(t, begun, "the message")
	r.stop()
	r.endsWell(t)
	again := make(chan struct{}, 1)
	consume(t, q, 1, func(context.Context, queue.Message) error {
		again <- struct{}{}
		return nil
	})
	receive(t, again, "the message to be redelivered")
	publisher.Wait()
}

// testNextConsumer: consumers come and go while messages flow.
func testNextConsumer(b *bench) {
	t := b.t
	const total = 60
	q := b.queue()
	handled := newTally(total)
	var publishers sync.WaitGroup
	publishers.Go(func() { publish(t, q, messages(total)...) })
	for range 3 {
		progress, stopped := make(chan struct{}, total), make(chan struct{})
		r := consume(t, q, 2, func(_ context.Context, m queue.Message) error {
			handled.add(m)
			progress <- struct{}{}
			<-stopped // or a quick consumer would leave nothing to the next
			return nil
		})
		receive(t, progress, "a message")
		r.stop()
		close(stopped)
		r.endsWell(t)
	}
	consume(t, q, 2, func(_ context.Context, m queue.Message) error {
		handled.add(m)
		return nil
	})
	publishers.Wait()
	receive(t, handled.all, "all messages")
}

// testPublishCancelled: Publish heeds its context.
func testPublishCancelled(b *bench) {
	t := b.t
	q := b.queue()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Publish(ctx, message(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("publish with a cancelled context: %v", err)
	}
	if b.can.Stores {
		return
	}
	ctx, cancel = context.WithCancel(t.Context())
	published := make(chan error, 1)
	go func() { published <- q.Publish(ctx, message(1)) }()
	silence(t, published, "published with no consumer")
	cancel()
	if err := receive(t, published, "the end of Publish"); !errors.Is(err, context.Canceled) {
		t.Errorf("publish cancelled while it waits: %v", err)
	}
}

// testConsumeWithoutSlots: such a consumer never could work.
func testConsumeWithoutSlots(b *bench) {
	t := b.t
	if err := b.queue().Consume(t.Context(), 0, nil); err == nil {
		t.Error("a consumer without slots was accepted")
	}
}

// testConsumeAlreadyDone: nothing is handled for a context that has ended.
func testConsumeAlreadyDone(b *bench) {
	t := b.t
	q := b.queue()
	if b.can.Stores {
		publish(t, q, message(1))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := q.Consume(ctx, 1, func(context.Context, queue.Message) error {
		t.Error("a message was handled")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// testClosed: Ping, Probe and Publish succeed, and fail once the queue is closed.
func testClosed(b *bench) {
	t := b.t
	q := b.queue()
	if q.Window() < 1 {
		t.Errorf("window %d", q.Window())
	}
	if err := q.Ping(t.Context()); err != nil {
		t.Fatalf("ping: %v", err)
	}
	if err := q.Probe(t.Context()); err != nil {
		t.Fatalf("probe: %v", err)
	}
	for range 2 {
		if err := q.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	if err := q.Ping(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("ping after close: %v", err)
	}
	if err := q.Probe(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("probe after close: %v", err)
	}
	if err := q.Publish(t.Context(), message(1)); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("publish after close: %v", err)
	}
}
