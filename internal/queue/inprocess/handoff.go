package inprocess

import (
	"context"
	"fmt"
	"sync"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
)

// handoff is where publishers and consumers meet: a message goes directly from
// one to the other.
type handoff struct {
	deliveries chan delivery // unbuffered
	closed     <-chan struct{}

	mu          sync.Mutex
	consumers   int
	noConsumers chan struct{} // closed while publishers need not wait for a consumer
}

func newHandoff(closed <-chan struct{}) *handoff {
	return &handoff{deliveries: make(chan delivery), closed: closed, noConsumers: make(chan struct{})}
}

// deliver gives m to a consumer and returns what came of it.
func (h *handoff) deliver(ctx context.Context, m queue.Message) error {
	h.mu.Lock()
	noConsumers := h.noConsumers
	h.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	d := delivery{message: m, result: make(chan error, 1)}
	select {
	case h.deliveries <- d:
	case <-ctx.Done():
		return fmt.Errorf("publish: %w", context.Cause(ctx))
	case <-h.closed:
		return errClosed()
	case <-noConsumers:
		return errNoConsumers()
	}
	select {
	case err := <-d.result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("await handler: %w", context.Cause(ctx))
	}
}

func (h *handoff) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.consumers
}

func (h *handoff) subscribe() *subscription {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.consumers == 0 && isClosed(h.noConsumers) {
		h.noConsumers = make(chan struct{})
	}
	h.consumers++
	return &subscription{h}
}

// subscription implements queue.Subscription.
type subscription struct{ from *handoff }

func (s *subscription) Receive(ctx context.Context) (queue.Delivery, error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case d := <-s.from.deliveries:
		if ctx.Err() != nil { // select takes either when both are ready
			d.result <- errNoConsumers()
			return nil, context.Cause(ctx)
		}
		return d, nil
	}
}

func (s *subscription) Drain() {
	s.from.mu.Lock()
	defer s.from.mu.Unlock()
	s.from.consumers--
	if s.from.consumers == 0 {
		close(s.from.noConsumers)
	}
}

func (s *subscription) Close() {}

// delivery implements queue.Delivery: a message, and the way back for what came
// of it.
type delivery struct {
	message queue.Message
	result  chan error // of capacity 1: the publisher may have gone
}

func (d delivery) Message() queue.Message { return d.message }

func (d delivery) Ack() error {
	d.result <- nil
	return nil
}

// Reject sends the error, which wraps queue.ErrReject, to Publish.
func (d delivery) Reject(cause error) error {
	d.result <- cause
	return nil
}

func (d delivery) Requeue(_ context.Context, cause error) error {
	d.result <- cause
	return nil
}

func errNoConsumers() error { return fault.New(fault.Unavailable, "no consumer is running") }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
