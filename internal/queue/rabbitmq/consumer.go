package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/queue"
)

// Consume implements queue.Consumer. It takes at most one message more than
// concurrency from the broker, and any number of Consume may run at once.
//
// A handler that fails, other than by queue.ErrReject, or that panics, has its
// message held for RequeueMin, doubled with each delivery up to RequeueMax,
// before it goes back to the queue; it is out of the handler's way meanwhile.
// The DeliveryLimit then moves it to the dead-letter queue.
//
// Once ctx is done, messages that no handler has begun go back at once, and the
// context of running handlers ends after DrainTimeout. When the broker is lost
// they go on; the messages they work on are delivered again.
//
// The error is a concurrency below 1, or a queue of that name with other
// arguments.
func (q *Queue) Consume(ctx context.Context, concurrency int, handle queue.Handler) error {
	return q.consume(ctx, q.cfg.QueueName, concurrency, handle)
}

// ConsumeDead implements queue.Consumer. A dead letter that its handler rejects
// is logged and dropped: there is nowhere further to move it.
func (q *Queue) ConsumeDead(ctx context.Context, handle queue.Handler) error {
	return q.consume(ctx, q.cfg.deadQueue(), 1, func(ctx context.Context, m queue.Message) error {
		err := handle(ctx, m)
		if errors.Is(err, queue.ErrReject) {
			q.log.ErrorContext(ctx, "dead letter dropped", "message", m.ID, "error", err)
			return nil
		}
		return err
	})
}

func (q *Queue) consume(ctx context.Context, queueName string, concurrency int, handle queue.Handler) error {
	if concurrency < 1 {
		return fmt.Errorf("consume: concurrency %d is below 1", concurrency)
	}
	handling, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	c := &consumer{
		cfg: q.cfg, log: q.log.With("queue", queueName), queueName: queueName,
		slots: make(chan struct{}, concurrency), handle: handle, handling: handling, all: &q.consumers,
	}
	unwatch := context.AfterFunc(ctx, func() {
		expiry := time.AfterFunc(q.cfg.DrainTimeout, func() { cancel(errDrained) })
		context.AfterFunc(handling, func() { expiry.Stop() })
	})
	defer unwatch()
	return c.run(ctx)
}

var errDrained = errors.New("the time to finish after a stop is over")

// consumer is one call of Consume, over all the connections that it goes
// through.
type consumer struct {
	cfg       Config
	log       *slog.Logger
	queueName string
	slots     chan struct{} // one taken by each running handler, whichever connection brought its message
	handle    queue.Handler
	handling  context.Context //nolint:containedctx // of the handlers; outlives the stop by DrainTimeout
	busy      sync.WaitGroup  // handlers and what follows them
	all       *consumers
}

// run connects, again and again, until ctx is done.
func (c *consumer) run(ctx context.Context) error {
	defer c.all.set(c, nil)
	defer c.busy.Wait()
	for failures := 0; ctx.Err() == nil; {
		served, err := c.session(ctx, failures)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errMismatch):
			return err
		case served > c.cfg.ReconnectMax:
			failures = 0
		}
		failures++
		c.all.set(c, err)
		level := slog.LevelDebug
		if failures == 1 {
			level = slog.LevelWarn
		}
		pause := backoff.Jitter(backoff.Delay(failures, c.cfg.ReconnectMin, c.cfg.ReconnectMax))
		c.log.Log(ctx, level, "consumer is not connected", "failures", failures, "pause", pause, "error", err)
		_ = backoff.Sleep(ctx, pause)
	}
	return nil
}

// session opens one connection and takes messages from it until it is lost, and
// says why, or until ctx is done, and returns nil. It returns too how long the
// connection lasted.
func (c *consumer) session(ctx context.Context, failures int) (served time.Duration, err error) {
	s, err := c.open(ctx)
	if err != nil {
		return 0, err
	}
	c.all.set(c, nil)
	c.log.InfoContext(ctx, "consumer is connected", "failures", failures)
	began := time.Now()
	err = s.serve(ctx)
	if err := s.link.close(); err != nil {
		c.log.DebugContext(ctx, "consumer connection not closed in order", "error", err)
	}
	return time.Since(began), err
}

// begin handles the message in the background, which holds one of the slots.
func (c *consumer) begin(ctx context.Context, s *session, d amqp.Delivery) {
	if d.Redelivered {
		c.log.DebugContext(ctx, "message comes again", "message", d.MessageId, "deliveries", deliveryCount(d))
	}
	c.busy.Go(func() {
		err := c.safely(queue.Message{ID: d.MessageId, Body: d.Body})
		<-c.slots
		s.settle(ctx, d, err)
	})
}

// safely makes an error of a panic.
func (c *consumer) safely(m queue.Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handler panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return c.handle(c.handling, m)
}
