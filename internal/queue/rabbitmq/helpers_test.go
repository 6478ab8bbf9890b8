package rabbitmq_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/queue/rabbitmq"
	"vitrine.dev/internal/testserver"
)

// awaitDeadLettering returns when a message has been dead-lettered, if there is a queue; to
// be called before a queue is deleted: RabbitMQ 3.10 starts a worker for the
// dead letters of a new queue, which crashes if the queue goes before it has
// subscribed; two such crashes end the supervisor of all these workers and with
// it every other queue of the broker that dead-letters at least once.
func awaitDeadLettering(tb testing.TB, address string) {
	tb.Helper()
	conn, err := amqp.Dial(address)
	if err != nil {
		tb.Error(err)
		return
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		tb.Error(err)
		return
	}
	if _, err := channel.QueueDeclarePassive(mainQueue, true, false, false, false, nil); err != nil {
		return // none was declared
	}
	err = channel.Publish("", mainQueue, false, false, amqp.Publishing{MessageId: probeMessage})
	for deadline := time.Now().Add(patience); err == nil; {
		var dead amqp.Queue
		if dead, err = channel.QueueDeclarePassive(deadQueue, true, false, false, false, nil); err != nil || dead.Messages > 0 {
			break
		}
		if time.Now().After(deadline) {
			tb.Error("dead-lettering does not work")
			return
		}
		var d amqp.Delivery
		var got bool
		if d, got, err = channel.Get(mainQueue, false); err == nil && got {
			err = d.Reject(false)
		}
		<-time.After(5 * time.Millisecond)
	}
	if err != nil {
		tb.Errorf("await dead-lettering: %v", err)
	}
}

// probeMessage is the id of the message of awaitDeadLettering. A consumer that runs meanwhile
// rejects it.
const probeMessage = "dead-lettering probe"

// proxied returns a Config that reaches a vhost of the test's own through a
// proxy, and the vhost's direct address.
func proxied(t *testing.T) (rabbitmq.Config, *testserver.TCPProxy, string) {
	t.Helper()
	address := testserver.RabbitMQ(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := testserver.Proxy(t, u.Host)
	cfg := configOf(t, address)
	setAddress(t, &cfg, proxy.Addr())
	return cfg, proxy, address
}

// consume runs q.Consume until the test ends or stop is called.
func consume(t *testing.T, q *queue.Queue, concurrency int, handle queue.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := q.Consume(ctx, concurrency, handle); err != nil {
			t.Errorf("consume: %v", err)
		}
	}()
	stop = func() {
		cancel()
		receive(t, done, "the consumer to return")
	}
	t.Cleanup(stop)
	return stop
}

// publish publishes again until it succeeds, as the dispatcher does.
func publish(t *testing.T, q *queue.Queue, m queue.Message) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := q.Publish(t.Context(), m)
		if err == nil || t.Failed() {
			return
		}
		if fault.KindOf(err) != fault.Unavailable || time.Now().After(deadline) {
			t.Errorf("publish %s: %v", m.ID, err)
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("waited too long for %s", what)
		panic("unreachable")
	}
}

// receiveOnly waits for id; what comes before it are repetitions.
func receiveOnly(t *testing.T, from <-chan string, id string) {
	t.Helper()
	for got := ""; got != id; {
		got = receive(t, from, id)
	}
}

// eventually polls until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// inspect works on the broker beside the Queue, on a channel of its own.
func inspect(t *testing.T, address string, do func(*amqp.Channel) error) {
	t.Helper()
	conn, err := amqp.Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	channel, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if err := do(channel); err != nil {
		t.Fatal(err)
	}
}

// waiting returns how many messages are ready in the main queue.
func waiting(t *testing.T, address string) (n int) {
	t.Helper()
	inspect(t, address, func(channel *amqp.Channel) error {
		q, err := channel.QueueDeclarePassive(mainQueue, true, false, false, false, nil)
		n = q.Messages
		return err
	})
	return n
}

const mainQueue, deadQueue = "vitrine.images.v1", "vitrine.images.v1.dead"
