package rabbitmq

import (
	"context"
	"log/slog"

	"vitrine.dev/internal/queue"
)

// Driver implements queue.Driver on RabbitMQ. Any number of them may work on
// one broker.
type Driver struct {
	cfg       Config
	log       *slog.Logger
	publisher *publisher
	failures  failures
}

var _ queue.Driver = (*Driver)(nil)

// New returns a Driver. It does not talk to the broker, which may be down: the
// first Publish, Ping and Subscribe connect. The error is about cfg alone.
func New(cfg Config, log *slog.Logger) (*Driver, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Driver{cfg: cfg, log: log, publisher: newPublisher(cfg, log)}, nil
}

// Publish returns nil once the broker has confirmed the message, which it does
// when a majority of the queue's replicas have it on disk. Any error means that
// it may or may not have arrived; the kind is fault.Unavailable, except where
// the broker has a queue of that name with other arguments. While the broker is
// down or blocks publishers (out of memory or disk) it fails at once rather
// than wait.
func (d *Driver) Publish(ctx context.Context, m queue.Message) error {
	return d.publisher.publish(ctx, m)
}

// Window returns how many messages may be unconfirmed at once.
func (d *Driver) Window() int { return d.cfg.PublishWindow }

// Ping reports whether the broker answers, has the queue, does not block
// publishers, and serves every subscription.
func (d *Driver) Ping(ctx context.Context) error {
	if err := d.failures.any(); err != nil {
		return unavailable("consume", err)
	}
	return d.publisher.ask(ctx, "ping", (*outlet).findQueue)
}

// Probe implements queue.Driver by a message that the broker routes nowhere and
// sends back: it checks the right to publish first.
func (d *Driver) Probe(ctx context.Context) error {
	return d.publisher.ask(ctx, "probe", (*outlet).publishNowhere)
}

// Close ends the publisher's connection; whatever still waits for a
// confirmation fails.
func (d *Driver) Close() error { return d.publisher.close() }
