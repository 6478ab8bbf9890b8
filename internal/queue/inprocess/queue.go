package inprocess

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
)

// DefaultDrainTimeout is how long handlers may go on after the consumer was
// told to stop.
const DefaultDrainTimeout = 30 * time.Second

// Option changes a Queue that is being made.
type Option func(*Queue)

// WithDrainTimeout sets how long running handlers may go on after Consume's
// context has ended before their own is cancelled. The default is
// DefaultDrainTimeout.
func WithDrainTimeout(d time.Duration) Option { return func(q *Queue) { q.drain = d } }

// Queue implements queue.Queue within one process. It differs from a broker in
// what the port allows:
//
//   - Publish returns when the handler has returned. Its error is the handler's;
//     the caller keeps the message and decides when to publish it again, so
//     there is no redelivery and no delivery limit here.
//   - A message whose handler rejects it goes to the handler of ConsumeDead
//     within the same Publish, which fails while there is none.
//   - A panic in a handler is an error of that handler.
type Queue struct {
	log    *slog.Logger
	window int
	drain  time.Duration
	work   *counter
	dead   *counter
	closed chan struct{}
	close  sync.Once
}

var _ queue.Queue = (*Queue)(nil)

// New returns a Queue whose Window is the concurrency that Consume will be
// called with.
func New(log *slog.Logger, concurrency int, opts ...Option) *Queue {
	closed := make(chan struct{})
	q := &Queue{
		log: log, window: max(concurrency, 1), drain: DefaultDrainTimeout,
		work: newCounter(closed), dead: newCounter(closed), closed: closed,
	}
	// At start publishers wait for the workers to come up. Dead letters do not
	// wait: they would hold a place in the publisher's window.
	q.dead.shut()
	for _, opt := range opts {
		opt(q)
	}
	return q
}

// Publish hands m to a handler and returns its error. Until the first consumer
// has started it waits for it; once the last has stopped it fails at once with
// an error of kind fault.Unavailable. When ctx ends first, a handler that is
// already running goes on and its result is not reported.
func (q *Queue) Publish(ctx context.Context, m queue.Message) error {
	err := q.work.hand(ctx, m)
	if !errors.Is(err, queue.ErrReject) {
		return err
	}
	q.log.WarnContext(ctx, "message rejected", "message", m.ID, "error", err)
	if err := q.dead.hand(ctx, m); err != nil {
		return fmt.Errorf("dead-letter message %s: %w", m.ID, err)
	}
	return nil
}

// Window returns the concurrency given to New.
func (q *Queue) Window() int { return q.window }

// Waiting returns 0: what is published here has its handler.
func (q *Queue) Waiting(context.Context) (int, error) { return 0, nil }

// Consume implements queue.Consumer. Several may run at once. Its only error is
// a concurrency below 1.
func (q *Queue) Consume(ctx context.Context, concurrency int, handle queue.Handler) error {
	return q.consume(ctx, q.work, concurrency, handle)
}

// ConsumeDead implements queue.Consumer. A dead letter that its handler rejects
// is logged and dropped: there is nowhere further to move it.
func (q *Queue) ConsumeDead(ctx context.Context, handle queue.Handler) error {
	return q.consume(ctx, q.dead, 1, func(ctx context.Context, m queue.Message) error {
		err := handle(ctx, m)
		if errors.Is(err, queue.ErrReject) {
			q.log.ErrorContext(ctx, "dead letter dropped", "message", m.ID, "error", err)
			return nil
		}
		return err
	})
}

func (q *Queue) consume(ctx context.Context, c *counter, concurrency int, handle queue.Handler) error {
	if concurrency < 1 {
		return fmt.Errorf("consume: concurrency %d is below 1", concurrency)
	}
	handling, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)

	var workers sync.WaitGroup
	c.open()
	for range concurrency {
		workers.Go(func() { c.serve(ctx, handling, q.protect(handle)) })
	}
	<-ctx.Done()
	c.leave()
	expiry := time.AfterFunc(q.drain, func() { cancel(errDrained) })
	defer expiry.Stop()
	workers.Wait()
	return nil
}

var errDrained = errors.New("the time to finish after a stop is over")

// protect turns a panic of the handler into an error.
func (q *Queue) protect(handle queue.Handler) queue.Handler {
	return func(ctx context.Context, m queue.Message) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("handler panicked: %v", p)
				q.log.ErrorContext(ctx, "handler panicked", "message", m.ID, "panic", p, "stack", string(debug.Stack()))
			}
		}()
		return handle(ctx, m)
	}
}

// Ping fails only after Close.
func (q *Queue) Ping(context.Context) error {
	select {
	case <-q.closed:
		return errClosed()
	default:
		return nil
	}
}

// Probe is Ping: there is no one who could refuse a message.
func (q *Queue) Probe(ctx context.Context) error { return q.Ping(ctx) }

// Close makes every Publish fail. It may be called more than once.
func (q *Queue) Close() error {
	q.close.Do(func() { close(q.closed) })
	return nil
}

func errClosed() error { return fault.New(fault.Unavailable, "the queue is closed") }
