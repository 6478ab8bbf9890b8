package rabbitmq

import (
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
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
