package rabbitmq_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/testserver"
)

// TestQueueDeleted: a broker that was wiped is set up again by whoever comes first.
func TestQueueDeleted(t *testing.T) {
	t.Parallel()
	address := testserver.RabbitMQ(t)
	q := open(t, configOf(t, address))
	handled := make(chan string, 8)
	wipe := func() {
		awaitDeadLettering(t, address)
		// The main queue is the last to go: its consumer declares all of them again
		// as soon as it is gone.
		inspect(t, address, func(channel *amqp.Channel) error {
			if _, err := channel.QueueDelete(deadQueue, false, false, false); err != nil {
				return err
			}
			if err := channel.ExchangeDelete(mainQueue+".dlx", false, false); err != nil {
				return err
			}
			_, err := channel.QueueDelete(mainQueue, false, false, false)
			return err
		})
	}
	publish(t, q, queue.Message{ID: "wiped"})
	wipe()
	if err := q.Publish(t.Context(), queue.Message{ID: "unroutable"}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a message that no queue took was confirmed: %v", err)
	}
	publish(t, q, queue.Message{ID: "one"})
	consume(t, q, 1, func(_ context.Context, m queue.Message) error {
		if m.ID == probeMessage {
			return queue.ErrReject
		}
		handled <- m.ID
		return nil
	})
	receive(t, handled, "the message after the wipe")
	wipe()
	publish(t, q, queue.Message{ID: "two"})
	receiveOnly(t, handled, "two")
	wipe()
	eventually(t, "ping to bring the queue back", func() bool { return q.Ping(t.Context()) == nil })
}

// TestOtherArguments: a queue that exists with other arguments is for the
// operator to see, not to wait for.
func TestOtherArguments(t *testing.T) {
	t.Parallel()
	address := testserver.RabbitMQ(t)
	inspect(t, address, func(channel *amqp.Channel) error {
		_, err := channel.QueueDeclare(mainQueue, true, false, false, false, nil)
		return err
	})
	q := open(t, configOf(t, address))
	err := q.Consume(t.Context(), 1, func(context.Context, queue.Message) error { return nil })
	if err == nil || fault.KindOf(err) == fault.Unavailable {
		t.Errorf("consume: %v", err)
	}
	if err := q.Publish(t.Context(), queue.Message{ID: "m"}); err == nil {
		t.Error("published to a queue of another kind")
	}
}

// TestBrokerRestart: what was confirmed survives the death of the broker, and
// the same Queue goes on when it is back.
func TestBrokerRestart(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a broker of its own, twice: not with -short")
	}
	const total = 200
	server := testserver.OwnRabbitMQ(t)
	q := open(t, configOf(t, server.URL()))
	begun, release := make(chan string, 1), make(chan struct{})
	handled := make(chan string, 2*total+2)
	consume(t, q, 1, func(_ context.Context, m queue.Message) error {
		select {
		case begun <- m.ID:
			<-release
		default:
		}
		handled <- m.ID
		return nil
	})
	for i := range total {
		publish(t, q, queue.Message{ID: strconv.Itoa(i)})
	}
	receive(t, begun, "a message")
	// RabbitMQ writes its directory of quorum queues every half second. Killed
	// before that it forgets a new queue, with all that it has confirmed.
	<-time.After(2 * time.Second)
	server.Kill(t)
	if err := q.Publish(t.Context(), queue.Message{ID: "too early"}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("published to a dead broker: %v", err)
	}
	close(release)
	server.Start(t)
	publish(t, q, queue.Message{ID: "after"})
	seen := map[string]bool{}
	for len(seen) < total+1 {
		seen[receive(t, handled, "all messages")] = true
	}
}
