// Package queue is the port through which image jobs travel from the outbox
// relay to the workers. Delivery is at least once and unordered; handlers are
// idempotent. Adapters live in the packages below it and all pass queuetest.
package queue

import (
	"context"
	"errors"
)

// ErrReject sends the message to the dead-letter queue at once when a handler's
// error wraps it: no redelivery can help.
var ErrReject = errors.New("rejected by its handler")

// Message is one unit of work. Its body is opaque to the queue.
type Message struct {
	ID   string // for logs and for the broker's message-id; not used to deduplicate
	Body []byte
}

// Handler does the work of a message. nil acknowledges it. An error that wraps
// ErrReject moves it to the dead-letter queue; any other error returns it to
// the queue, and after too many returns the adapter dead-letters it.
type Handler func(ctx context.Context, m Message) error

// Publisher hands messages to the queue.
type Publisher interface {
	// Publish returns nil only once the message cannot be lost by the death of
	// this process: the broker has confirmed it, or, in process, its handler
	// has returned nil. Any error means that the caller keeps the message and
	// publishes it again later; the message may then be delivered twice.
	// Safe for concurrent use.
	Publish(ctx context.Context, m Message) error
	// Window is how many Publish calls are worth having under way at once.
	Window() int
	// Waiting is how many messages were published and have not been given to a
	// consumer: what waits there is past all choice of who comes next.
	// fault.Unavailable where the broker cannot be asked.
	Waiting(ctx context.Context) (int, error)
}

// Consumer takes messages from the queue.
type Consumer interface {
	// Consume runs handle for each message, at most concurrency at a time,
	// until ctx is done. It then takes no new message, waits for the running
	// handlers (whose context is not cancelled by ctx but by stopping, see
	// Drain in the adapters' options) and returns nil. It survives the loss of
	// the broker by connecting again. An error means that it never can work.
	Consume(ctx context.Context, concurrency int, handle Handler) error
	// ConsumeDead is Consume for the dead-letter queue, one message at a time.
	ConsumeDead(ctx context.Context, handle Handler) error
}

// Queue is what an adapter provides.
type Queue interface {
	Publisher
	Consumer
	// Ping reports whether the broker answers, has the queue, and serves the
	// consumers that run here. It publishes nothing.
	Ping(ctx context.Context) error
	// Probe reports whether a message could be published now, by publishing one
	// that no queue takes. fault.Unavailable.
	Probe(ctx context.Context) error
	// Close releases the connections. Consume must have returned.
	Close() error
}

// Depth is how many messages wait with the broker.
type Depth struct {
	Ready   int64 // for a consumer
	Dead    int64 // in the dead-letter queue
	Drained bool  // somebody consumes the dead-letter queue
}

// Gauge is what a Queue also is whose messages wait outside this process.
type Gauge interface {
	// Depth returns what waits now; a message on its way in or out may or may
	// not be counted. fault.Unavailable.
	Depth(ctx context.Context) (Depth, error)
}
