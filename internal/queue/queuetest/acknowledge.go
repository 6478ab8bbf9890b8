package queuetest

import (
	"context"
	"errors"
	"sync"

	"vitrine.dev/internal/queue"
)

// testAcknowledged: a handler that has acknowledged its message goes on beside the next
// ones, a stop waits for it, and what it returns brings nothing back.
func testAcknowledged(b *bench) {
	t := b.t
	q := b.queue()
	const total = 5
	handled := newTally(total)
	release := make(chan struct{})
	r := consume(t, q, 1, func(ctx context.Context, m queue.Message) error {
		queue.Acknowledge(ctx)
		queue.Acknowledge(ctx) // of no effect
		handled.add(m)
		<-release
		if ctx.Err() != nil {
			t.Error("the stop cancelled the handler's context")
		}
		return errors.New("too late")
	})
	var publishers sync.WaitGroup
	publishers.Go(func() { publish(t, q, messages(total)...) })
	receive(t, handled.all, "all messages while each handler goes on")
	publishers.Wait()
	r.stop()
	silence(t, r.ended, "the consumer ended before its handlers")
	close(release)
	r.endsWell(t)
	for i := range total {
		if n := handled.count(message(i).ID); n != 1 {
			t.Errorf("message %d was handled %d times", i, n)
		}
	}
	queue.Acknowledge(t.Context()) // without a message it does nothing
}
