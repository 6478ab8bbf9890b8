package limit

import (
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// The bounds of what is under way in Broker.
const (
	unconfirmed = 256
	prefetched  = 100
)

// Broker publishes and consumes through the client library alone, in a queue of its own that is replicated and kept
// on disk as the program's are.
type Broker struct {
	from, to   *amqp.Channel
	deliveries <-chan amqp.Delivery
}

const brokerQueue = "limit"

// NewBroker connects twice, as one who publishes and as one who consumes.
func NewBroker(t *testing.T, url string) *Broker {
	t.Helper()
	b := &Broker{from: channelOf(t, url), to: channelOf(t, url)}
	_, err := b.from.QueueDeclare(brokerQueue, true, false, false, false, amqp.Table{
		amqp.QueueTypeArg: amqp.QueueTypeQuorum, amqp.QueueOverflowArg: amqp.QueueOverflowRejectPublish,
	})
	if err == nil {
		err = b.from.Confirm(false)
	}
	if err == nil {
		err = b.to.Qos(prefetched, 0, false)
	}
	if err == nil {
		b.deliveries, err = b.to.Consume(brokerQueue, "", false, false, false, false, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func channelOf(t *testing.T, url string) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

// Pass publishes the body again and again for so long, 256 at most unconfirmed, and takes and acknowledges each, 100
// at most unacknowledged. It returns how many were confirmed and taken.
func (b *Broker) Pass(t *testing.T, body []byte, d time.Duration) (n int) {
	t.Helper()
	published := make(chan int, 1)
	go func() { published <- b.publish(t, body, d) }()
	total := -1
	for taken := 0; taken != total; {
		select {
		case total = <-published:
		case delivery, open := <-b.deliveries:
			if !open || delivery.Ack(false) != nil {
				t.Fatal("the broker has ended the connection")
			}
			taken++
		}
	}
	return total
}

func (b *Broker) publish(t *testing.T, body []byte, d time.Duration) (n int) {
	t.Helper()
	slots := make(chan struct{}, unconfirmed)
	var waiting sync.WaitGroup
	for began := time.Now(); time.Since(began) < d; n++ {
		slots <- struct{}{}
		confirmation, err := b.from.PublishWithDeferredConfirmWithContext(t.Context(), "", brokerQueue, true, false,
			amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body})
		if err != nil {
			t.Errorf("publish: %v", err)
			return n
		}
		waiting.Go(func() {
			defer func() { <-slots }()
			if !confirmation.Wait() {
				t.Error("the broker has refused a message")
			}
		})
	}
	waiting.Wait()
	return n
}
