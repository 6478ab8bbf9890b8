package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// Handler does the work of a message. nil acknowledges it. An error that wraps
// ErrReject moves it to the dead-letter queue; any other error, and a panic,
// returns it to the queue, and after too many returns the driver dead-letters
// it. A handler that has called Acknowledge has decided: its error is logged.
type Handler func(ctx context.Context, m Message) error

// Consume runs handle for each message, at most concurrency at a time that have
// not called Acknowledge, until ctx is done. It then takes no new message, waits for the running handlers,
// whose context ends after the drain timeout, and returns nil. It survives the
// loss of the broker; the messages that are handled meanwhile are delivered
// again. Any number of Consume may run at once. The error is a concurrency
// below 1, or the driver's that it never can work.
func (q *Queue) Consume(ctx context.Context, concurrency int, handle Handler) error {
	return q.consume(ctx, Work, concurrency, handle)
}

// ConsumeDead is Consume for the dead-letter queue, one message at a time. A
// dead letter that its handler rejects is logged and dropped: there is nowhere
// further to move it.
func (q *Queue) ConsumeDead(ctx context.Context, handle Handler) error {
	return q.consume(ctx, Dead, 1, handle)
}

type acknowledgeKey struct{}

// Acknowledge ends the message whose handler was called with ctx, for a handler
// that has recorded elsewhere what is left to do and goes on with it: the message is
// not delivered again, whatever the handler returns, and its slot is free for
// another. A stop waits for the handler all the same. Without a message it does
// nothing.
func Acknowledge(ctx context.Context) {
	if acknowledge, ok := ctx.Value(acknowledgeKey{}).(func()); ok {
		acknowledge()
	}
}

var errDrained = errors.New("the time to finish after a stop is over")

func (q *Queue) consume(ctx context.Context, from Source, concurrency int, handle Handler) error {
	if concurrency < 1 {
		return fmt.Errorf("consume: concurrency %d is below 1", concurrency)
	}
	handling, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	subscription := q.driver.Subscribe(ctx, from, concurrency)
	defer subscription.Close()
	var busy sync.WaitGroup // handlers, and the acknowledgements that follow them
	err := receive(ctx, subscription, concurrency, func(d Delivery, free func()) {
		busy.Go(func() {
			var once sync.Once // a handler may acknowledge the message before it returns
			finish := func(err error) (finished bool) {
				once.Do(func() {
					free()
					q.finish(ctx, from, d, err)
					finished = true
				})
				return finished
			}
			handling := context.WithValue(handling, acknowledgeKey{}, func() { finish(nil) })
			err := q.protect(handling, handle, d.Message())
			if !finish(err) && err != nil {
				q.log.WarnContext(ctx, "handler failed after it had acknowledged its message", "message", d.Message().ID, "error", err)
			}
		})
	})
	expiry := time.AfterFunc(q.drain, func() { cancel(errDrained) })
	defer expiry.Stop()
	subscription.Drain()
	busy.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// receive begins messages, as many at a time as there are slots, until ctx is
// done or the subscription fails, and returns why.
func receive(ctx context.Context, s Subscription, slots int, begin func(d Delivery, free func())) error {
	taken := make(chan struct{}, slots)
	free := func() { <-taken }
	for {
		select {
		case taken <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		d, err := s.Receive(ctx)
		if err != nil {
			return err
		}
		begin(d, free)
	}
}

// protect makes an error of a panic, and logs its stack: a driver may give the
// error to the publisher.
func (q *Queue) protect(ctx context.Context, handle Handler, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handler panicked: %v", p)
			q.log.ErrorContext(ctx, "handler panicked", "message", m.ID, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	return handle(ctx, m)
}

// finish acknowledges, rejects or requeues the message by what its handler
// returned.
func (q *Queue) finish(ctx context.Context, from Source, d Delivery, err error) {
	var lost error
	switch {
	case err == nil:
		lost = d.Ack()
	case !errors.Is(err, ErrReject):
		lost = d.Requeue(ctx, err)
	case from == Dead:
		q.log.ErrorContext(ctx, "dead letter dropped", "message", d.Message().ID, "error", err)
		lost = d.Ack()
	default:
		q.log.WarnContext(ctx, "message rejected", "message", d.Message().ID, "error", err)
		lost = d.Reject(err)
	}
	if lost != nil {
		q.log.InfoContext(ctx, "message not acknowledged: it is redelivered", "message", d.Message().ID, "source", from, "error", lost)
	}
}
