package rabbitmq

import (
	"context"
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/queue"
)

// Depth implements queue.Driver. It asks over the publisher's connection, one
// question at a time. What a consumer holds unacknowledged is not counted.
func (d *Driver) Depth(ctx context.Context, of queue.Source) (queue.Depth, error) {
	o, err := d.publisher.outlet(ctx)
	if err != nil {
		return queue.Depth{}, err
	}
	return o.depth(ctx, d.cfg.queueName(of))
}

// gauge is the channel over which an outlet asks for depths.
type gauge struct {
	mu      sync.Mutex
	channel *amqp.Channel
}

// depth does not outlast ctx, though the library's calls know none: the one
// that hangs ends with the connection, and others wait for it no longer than
// their own ctx.
func (o *outlet) depth(ctx context.Context, queueName string) (queue.Depth, error) {
	type reply struct {
		depth queue.Depth
		err   error
	}
	replies := make(chan reply, 1)
	go func() {
		depth, err := o.inspect(queueName)
		replies <- reply{depth, err}
	}()
	select {
	case r := <-replies:
		if r.err != nil {
			return queue.Depth{}, unavailable("ask for depth", r.err)
		}
		return r.depth, nil
	case <-ctx.Done():
		return queue.Depth{}, unavailable("ask for depth", context.Cause(ctx))
	}
}

func (o *outlet) inspect(queueName string) (queue.Depth, error) {
	o.gauge.mu.Lock()
	defer o.gauge.mu.Unlock()
	if o.gauge.channel == nil {
		channel, err := o.link.conn.Channel()
		if err != nil {
			return queue.Depth{}, fmt.Errorf("open channel: %w", err)
		}
		o.gauge.channel = channel
	}
	found, err := o.gauge.channel.QueueDeclarePassive(queueName, true, false, false, false, nil)
	if err != nil {
		o.gauge.channel = nil // a question that is refused closes it
		return queue.Depth{}, fmt.Errorf("inspect %s: %w", queueName, err)
	}
	return queue.Depth{Ready: found.Messages, Consumers: found.Consumers}, nil
}
