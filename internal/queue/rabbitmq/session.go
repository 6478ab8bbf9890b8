package rabbitmq

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/queue"
)

// session is one generation of a subscription: one connection and the messages
// that came by it.
type session struct {
	sub        *subscription
	link       *link
	tag        string
	deliveries <-chan amqp.Delivery
	cancels    <-chan string // the broker ended the subscription
}

var errCancelled = errors.New("the broker ended the subscription: the queue was deleted")

func (s *subscription) open(ctx context.Context) (*session, error) {
	l, err := connect(ctx, s.cfg, "consumer of "+s.queueName)
	if err != nil {
		return nil, err
	}
	c := &session{sub: s, link: l, tag: "vitrine-" + rand.Text()}
	if err := c.subscribe(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return c, nil
}

func (s *session) subscribe() (err error) {
	// The limit is the consumer's own: quorum queues refuse one for the channel.
	if err := s.link.channel.Qos(min(s.sub.prefetch, math.MaxUint16), 0, false); err != nil {
		return fmt.Errorf("set prefetch: %w", err)
	}
	s.cancels = s.link.channel.NotifyCancel(make(chan string, 1))
	s.deliveries, err = s.link.channel.Consume(s.sub.queueName, s.tag, false, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// serve passes messages to Receive until the connection is lost, and says why,
// or until ctx is done, and returns nil when all deliveries are finished.
func (s *session) serve(ctx context.Context) error {
	for {
		d, err := s.next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				return err
			}
			s.drain(ctx)
			return nil
		}
		select {
		case s.sub.received <- &delivery{d, s}:
		case <-ctx.Done():
			s.giveBack(ctx, d)
			s.drain(ctx)
			return nil
		case <-s.link.lost:
			return s.link.err
		}
	}
}

// next returns the next message.
func (s *session) next(ctx context.Context) (amqp.Delivery, error) {
	select {
	case d, open := <-s.deliveries:
		if open {
			if d.Redelivered {
				s.sub.log.DebugContext(ctx, "message is redelivered", "message", d.MessageId, "deliveries", deliveryCount(d))
			}
			return d, nil
		}
		if _, cancelled := <-s.cancels; cancelled { // comes before the end of the deliveries
			return d, errCancelled
		}
		<-s.link.lost
		return d, s.link.err
	case <-ctx.Done():
		return amqp.Delivery{}, context.Cause(ctx)
	}
}

// drain ends the subscription, gives back what was not received and waits for
// the end of what was, so that its acknowledgements leave by this connection.
func (s *session) drain(ctx context.Context) {
	go func() { // ends the deliveries, or else the link ends first
		if err := s.link.channel.Cancel(s.tag, false); err != nil {
			s.sub.log.DebugContext(ctx, "subscription not cancelled", "error", err)
		}
	}()
	for d := range s.deliveries {
		s.giveBack(ctx, d)
	}
	<-s.sub.finished
}

// giveBack returns a message to the queue.
func (s *session) giveBack(ctx context.Context, d amqp.Delivery) {
	if err := d.Nack(false, true); err != nil {
		s.sub.log.DebugContext(ctx, "message goes back with its connection", "message", d.MessageId, "error", err)
	}
}

// delivery implements queue.Delivery. It is acknowledged on the channel that
// brought it and no other: where that is lost the broker delivers it again.
type delivery struct {
	amqp.Delivery

	session *session
}

func (d *delivery) Message() queue.Message { return queue.Message{ID: d.MessageId, Body: d.Body} }

func (d *delivery) Ack() error { return d.Delivery.Ack(false) }

func (d *delivery) Reject(error) error { return d.Delivery.Reject(false) }

// Requeue holds the message for RequeueMin, doubled with each delivery up to
// RequeueMax. The DeliveryLimit moves it to the dead-letter queue.
func (d *delivery) Requeue(ctx context.Context, cause error) error {
	s := d.session
	pause := backoff.Delay(deliveryCount(d.Delivery)+1, s.sub.cfg.RequeueMin, s.sub.cfg.RequeueMax)
	s.sub.log.WarnContext(ctx, "message requeued", "message", d.MessageId, "pause", pause, "error", cause)
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	case <-s.link.lost:
	}
	s.giveBack(ctx, d.Delivery)
	return nil
}

// deliveryCount returns how often the message was delivered before.
func deliveryCount(d amqp.Delivery) int {
	count, _ := d.Headers["x-delivery-count"].(int64)
	return int(count)
}
