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

// session is one generation of a consumer: one connection and the messages
// that came by it.
type session struct {
	consumer   *consumer
	link       *link
	tag        string
	deliveries <-chan amqp.Delivery
	cancels    <-chan string // the broker ended the subscription
}

var errCancelled = errors.New("the broker ended the subscription: the queue was deleted")

func (c *consumer) open(ctx context.Context) (*session, error) {
	l, err := connect(ctx, c.cfg, "consumer of "+c.queueName)
	if err != nil {
		return nil, err
	}
	s := &session{consumer: c, link: l, tag: "vitrine-" + rand.Text()}
	if err := s.subscribe(); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return s, nil
}

func (s *session) subscribe() (err error) {
	// What is prefetched and not begun counts as a delivery when this process
	// dies, hence only one message is kept at hand. The limit is the
	// consumer's own: quorum queues refuse one for the channel.
	prefetch := min(cap(s.consumer.slots)+1, math.MaxUint16)
	if err := s.link.channel.Qos(prefetch, 0, false); err != nil {
		return fmt.Errorf("set prefetch: %w", err)
	}
	s.cancels = s.link.channel.NotifyCancel(make(chan string, 1))
	s.deliveries, err = s.link.channel.Consume(s.consumer.queueName, s.tag, false, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// serve begins messages until the connection is lost, and says why, or until
// ctx is done, and returns nil when all is settled.
func (s *session) serve(ctx context.Context) error {
	for {
		select {
		case s.consumer.slots <- struct{}{}:
		case <-ctx.Done():
			s.drain(ctx)
			return nil
		case <-s.link.lost:
			return s.link.err
		}
		d, err := s.next(ctx)
		if err != nil {
			<-s.consumer.slots
			if ctx.Err() == nil {
				return err
			}
			s.drain(ctx)
			return nil
		}
		s.consumer.begin(ctx, s, d)
	}
}

// next returns the next message.
func (s *session) next(ctx context.Context) (amqp.Delivery, error) {
	select {
	case d, open := <-s.deliveries:
		if open && ctx.Err() == nil {
			return d, nil
		}
		if open { // select takes either when both are ready
			s.giveBack(ctx, d)
			return d, context.Cause(ctx)
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

// drain ends the subscription, gives back what no handler has begun and waits
// for what was begun, so that its acknowledgements leave by this connection.
func (s *session) drain(ctx context.Context) {
	go func() { // ends the deliveries, or else the link ends first
		if err := s.link.channel.Cancel(s.tag, false); err != nil {
			s.consumer.log.DebugContext(ctx, "subscription not cancelled", "error", err)
		}
	}()
	for d := range s.deliveries {
		s.giveBack(ctx, d)
	}
	s.consumer.busy.Wait()
}

// settle tells the broker how the message fared, on the channel that brought
// it and no other. If that is lost, so is the word, and the message comes again.
func (s *session) settle(ctx context.Context, d amqp.Delivery, err error) {
	log := s.consumer.log.With("message", d.MessageId)
	var lost error
	switch {
	case err == nil:
		lost = d.Ack(false)
	case errors.Is(err, queue.ErrReject):
		log.WarnContext(ctx, "message rejected", "error", err)
		lost = d.Reject(false)
	default:
		pause := backoff.Delay(deliveryCount(d)+1, s.consumer.cfg.RequeueMin, s.consumer.cfg.RequeueMax)
		log.WarnContext(ctx, "message goes back to the queue", "pause", pause, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		case <-s.link.lost:
		}
		s.giveBack(ctx, d)
	}
	if lost != nil {
		log.InfoContext(ctx, "acknowledgement dropped with its connection: the message comes again", "error", lost)
	}
}

// giveBack returns a message to the queue.
func (s *session) giveBack(ctx context.Context, d amqp.Delivery) {
	if err := d.Nack(false, true); err != nil {
		s.consumer.log.DebugContext(ctx, "message goes back with its connection", "message", d.MessageId, "error", err)
	}
}

// deliveryCount returns how often the message was delivered before.
func deliveryCount(d amqp.Delivery) int {
	count, _ := d.Headers["x-delivery-count"].(int64)
	return int(count)
}
