package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/queue"
)

// findQueue asks on a channel of its own, which a missing queue closes. It
// knows no context and ends at the latest when missing heartbeats end the
// connection.
func (o *outlet) findQueue() error {
	channel, err := o.link.conn.Channel()
	if err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	if _, err = channel.QueueDeclarePassive(o.queueName, true, false, false, false, nil); err == nil {
		err = channel.Close()
	}
	if err != nil {
		err = fmt.Errorf("find queue: %w", err)
		o.retire(err) // the next outlet declares it
	}
	return err
}

// nowhere is a routing key that no queue has.
const nowhere = "vitrine.probe.nowhere"

var errNotReturned = errors.New("the broker did not send the probe back")

// publishNowhere publishes a message that must be routed and cannot be, on a
// channel of its own, which a refusal closes. The broker checks the right to
// publish, sends the message back, and then confirms it:
// https://www.rabbitmq.com/docs/confirms#when-publishes-are-confirmed
// It knows no context, as above.
func (o *outlet) publishNowhere() (err error) {
	channel, err := o.link.conn.Channel()
	if err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	closed := channel.NotifyClose(make(chan *amqp.Error, 1))
	returned := channel.NotifyReturn(make(chan amqp.Return, 1))
	defer func() {
		if err == nil {
			err = channel.Close()
		}
	}()
	if err := channel.Confirm(false); err != nil {
		return fmt.Errorf("ask for confirmations: %w", err)
	}
	confirmation, err := channel.PublishWithDeferredConfirm(amqp.DefaultExchange, nowhere, true, false, amqp.Publishing{AppId: "vitrine"})
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	<-confirmation.Done() // at the latest when the connection is lost
	select {
	case _, open := <-returned: // comes before the confirmation
		if open {
			return nil
		}
	default:
	}
	select {
	case refusal := <-closed: // comes before the end of what waits for a confirmation
		if refusal == nil {
			refusal = amqp.ErrClosed
		}
		return fmt.Errorf("publish: %w", refusal)
	default:
		return errNotReturned
	}
}

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
