// Package queue is the port through which image jobs travel from the
// dispatcher to the workers. Delivery is at least once and unordered; handlers are
// idempotent. A Queue is the same over every Driver; drivers live in the
// packages below and all pass queuetest.
package queue

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// ErrReject moves the message to the dead-letter queue at once when a handler's
// error wraps it: no redelivery can help.
var ErrReject = errors.New("rejected by its handler")

// Message is one unit of work. Its body is opaque to the queue.
type Message struct {
	ID   string // for logs and for the broker's message-id; not used to deduplicate
	Body []byte
}

// Queue publishes and consumes messages over a driver. It is safe for
// concurrent use.
type Queue struct {
	driver Driver
	drain  time.Duration
	log    *slog.Logger
}

// New returns a Queue over the driver, which it owns. Handlers that run when
// their consumer is stopped may go on for drain before their context ends.
func New(driver Driver, drain time.Duration, log *slog.Logger) *Queue {
	return &Queue{driver: driver, drain: drain, log: log}
}

// Publish returns nil only once the message cannot be lost by the death of this
// process: the broker has confirmed it, or, in process, its handler has
// acknowledged it or returned nil. Any error means that the caller keeps the message and publishes
// it again later; the message may then be delivered twice.
func (q *Queue) Publish(ctx context.Context, m Message) error { return q.driver.Publish(ctx, m) }

// Window is how many Publish calls are worth having under way at once.
func (q *Queue) Window() int { return q.driver.Window() }

// Depth returns how many messages of the source wait for a consumer now; a
// message on its way in or out may or may not be counted. It is cheap enough to
// be asked many times a second. fault.Unavailable where the broker cannot be
// asked.
func (q *Queue) Depth(ctx context.Context, of Source) (Depth, error) { return q.driver.Depth(ctx, of) }

// Ping reports whether the broker answers, has the queue, and serves the
// consumers that run here. It publishes nothing. fault.Unavailable.
func (q *Queue) Ping(ctx context.Context) error { return q.driver.Ping(ctx) }

// Probe reports whether a message could be published now, by publishing one
// that no queue takes. fault.Unavailable.
func (q *Queue) Probe(ctx context.Context) error { return q.driver.Probe(ctx) }

// Close releases the connections. Consume must have returned; Publish fails
// with fault.Unavailable from then on. It may be called more than once.
func (q *Queue) Close() error { return q.driver.Close() }
