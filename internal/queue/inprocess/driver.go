package inprocess

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
)

// Driver implements queue.Driver within one process. It differs from a broker
// in what the port allows:
//
//   - Publish returns when the handler has acknowledged the message or returned.
//     Its error is the handler's; the caller keeps the message and decides when to
//     publish it again, so there is no redelivery and no delivery limit here.
//   - A message whose handler rejects it goes to the consumer of dead letters
//     within the same Publish, which fails while there is none.
type Driver struct {
	window int
	work   *handoff
	dead   *handoff
	closed chan struct{}
	close  sync.Once
}

var _ queue.Driver = (*Driver)(nil)

// New returns a Driver whose Window is the concurrency that it will be consumed
// with.
func New(concurrency int) *Driver {
	closed := make(chan struct{})
	d := &Driver{window: max(concurrency, 1), work: newHandoff(closed), dead: newHandoff(closed), closed: closed}
	// At start publishers wait for the workers to come up. Dead letters do not
	// wait: they would hold a slot in the publisher's window.
	close(d.dead.noConsumers)
	return d
}

// Publish gives m to a handler and returns nil once that has acknowledged it, or the
// handler's error. Until the first consumer
// has started it waits for it; once the last has stopped it fails at once with
// an error of kind fault.Unavailable. When ctx ends first, a handler that is
// already running goes on and its result is not reported.
func (d *Driver) Publish(ctx context.Context, m queue.Message) error {
	err := d.work.deliver(ctx, m)
	if !errors.Is(err, queue.ErrReject) {
		return err
	}
	if err := d.dead.deliver(ctx, m); err != nil {
		return fmt.Errorf("dead-letter message %s: %w", m.ID, err)
	}
	return nil
}

// Window returns the concurrency given to New.
func (d *Driver) Window() int { return d.window }

// Subscribe implements queue.Driver. Several may be open at once.
func (d *Driver) Subscribe(_ context.Context, from queue.Source, _ int) queue.Subscription {
	if from == queue.Dead {
		return d.dead.subscribe()
	}
	return d.work.subscribe()
}

// Depth returns no messages: what is published here has its handler.
func (d *Driver) Depth(_ context.Context, of queue.Source) (queue.Depth, error) {
	if of == queue.Dead {
		return queue.Depth{Consumers: d.dead.count()}, nil
	}
	return queue.Depth{Consumers: d.work.count()}, nil
}

// Ping fails only after Close.
func (d *Driver) Ping(context.Context) error {
	if isClosed(d.closed) {
		return errClosed()
	}
	return nil
}

// Probe is Ping: there is no one who could refuse a message.
func (d *Driver) Probe(ctx context.Context) error { return d.Ping(ctx) }

// Close makes every Publish fail.
func (d *Driver) Close() error {
	d.close.Do(func() { close(d.closed) })
	return nil
}

func errClosed() error { return fault.New(fault.Unavailable, "the queue is closed") }
