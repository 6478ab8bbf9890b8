package inprocess

import (
	"context"
	"fmt"
	"sync"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
)

// counter is where publishers and workers meet: a message passes over it only
// from hand to hand.
type counter struct {
	handovers chan handover // unbuffered
	closed    <-chan struct{}

	mu        sync.Mutex
	consumers int
	unstaffed chan struct{} // closed while publishers need not wait for anyone
}

// handover is a message and the way back for what came of it.
type handover struct {
	message queue.Message
	result  chan error // of capacity 1: the publisher may have gone
}

func newCounter(closed <-chan struct{}) *counter {
	return &counter{handovers: make(chan handover), closed: closed, unstaffed: make(chan struct{})}
}

// open notes one more consumer.
func (c *counter) open() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.consumers == 0 && isClosed(c.unstaffed) {
		c.unstaffed = make(chan struct{})
	}
	c.consumers++
}

// leave notes that a consumer takes no more messages.
func (c *counter) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.consumers--
	if c.consumers == 0 {
		close(c.unstaffed)
	}
}

// shut sends publishers away until the first consumer comes.
func (c *counter) shut() { close(c.unstaffed) }

// hand gives m to a worker and returns its result.
func (c *counter) hand(ctx context.Context, m queue.Message) error {
	c.mu.Lock()
	unstaffed := c.unstaffed
	c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	h := handover{message: m, result: make(chan error, 1)}
	select {
	case c.handovers <- h:
	case <-ctx.Done():
		return fmt.Errorf("publish: %w", context.Cause(ctx))
	case <-c.closed:
		return errClosed()
	case <-unstaffed:
		return errUnstaffed()
	}
	select {
	case err := <-h.result:
		return err
	case <-ctx.Done():
		return fmt.Errorf("await handler: %w", context.Cause(ctx))
	}
}

// serve takes messages one after the other until ctx is done.
func (c *counter) serve(ctx, handling context.Context, handle queue.Handler) {
	for {
		select {
		case <-ctx.Done():
			return
		case h := <-c.handovers:
			if ctx.Err() != nil { // select takes either when both are ready
				h.result <- errUnstaffed()
				return
			}
			h.result <- handle(handling, h.message)
		}
	}
}

func errUnstaffed() error { return fault.New(fault.Unavailable, "no consumer is running") }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
