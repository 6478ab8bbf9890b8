package rabbitmq

import (
	"context"
	"log/slog"

	"vitrine.dev/internal/queue"
)

// Queue implements queue.Queue on RabbitMQ. It is safe for concurrent use, and
// any number of them may work on one broker.
type Queue struct {
	cfg       Config
	log       *slog.Logger
	publisher *publisher
	consumers consumers
}

var _ queue.Queue = (*Queue)(nil)

// New returns a Queue. It does not talk to the broker, which may be down: the
// first Publish, Ping and Consume connect. The error is about cfg alone.
func New(cfg Config, log *slog.Logger) (*Queue, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Queue{cfg: cfg, log: log, publisher: newPublisher(cfg, log)}, nil
}

// Publish returns nil once the broker has confirmed the message, which it does
// when a majority of the queue's replicas have it on disk. Any error means that
// it may or may not have arrived; the kind is fault.Unavailable, except where
// the broker has a queue of that name with other arguments. While the broker is
// down or blocks publishers (out of memory or disk) it fails at once rather
// than wait.
func (q *Queue) Publish(ctx context.Context, m queue.Message) error {
	return q.publisher.publish(ctx, m)
}

// Window returns how many messages may be unconfirmed at once.
func (q *Queue) Window() int { return q.cfg.PublishWindow }

// Ping reports whether the broker answers, has the queue, does not block
// publishers, and serves every Consume that runs.
func (q *Queue) Ping(ctx context.Context) error {
	if err := q.consumers.failure(); err != nil {
		return unavailable("consume", err)
	}
	return q.publisher.ask(ctx, "ping", (*outlet).findQueue)
}

// Probe implements queue.Publisher by a message that the broker routes nowhere
// and sends back: it checks the right to publish first.
func (q *Queue) Probe(ctx context.Context) error {
	return q.publisher.ask(ctx, "probe", (*outlet).publishNowhere)
}

// Close ends the publisher's connection; whatever still waits for a
// confirmation fails. It may be called more than once.
func (q *Queue) Close() error { return q.publisher.close() }
