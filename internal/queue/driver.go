package queue

import "context"

// Source is one of the two queues that messages are received from.
type Source int

// The sources.
const (
	Work Source = iota // what is published
	Dead               // what was rejected or failed too often
)

func (s Source) String() string {
	if s == Dead {
		return "dead letters"
	}
	return "work"
}

// Depth is how much waits in a source.
type Depth struct {
	Ready     int // messages that no consumer has received
	Consumers int // of any process
}

// Driver transports messages. It neither calls handlers nor tries anything
// again that has failed, except that it connects again after the loss of the
// broker. Its methods are safe for concurrent use; those that Queue has too
// are described there.
type Driver interface {
	Publish(ctx context.Context, m Message) error
	Window() int
	// Subscribe begins to receive for a consumer that handles so many messages
	// at a time. It returns at once, whether or not the broker can be reached.
	Subscribe(ctx context.Context, from Source, concurrency int) Subscription
	Depth(ctx context.Context, of Source) (Depth, error)
	Ping(ctx context.Context) error
	Probe(ctx context.Context) error
	Close() error
}

// Subscription is one consumer of a source.
type Subscription interface {
	// Receive waits for the next message, however long the broker is lost.
	// Once ctx is done it returns no message and ctx's cause. Any other error
	// means that the subscription never can work.
	Receive(ctx context.Context) (Delivery, error)
	// Drain ends the receiving: what was not returned by Receive goes to other
	// consumers. It does not wait, and is called before Close.
	Drain()
	// Close ends the subscription after the last of its deliveries was
	// finished.
	Close()
}

// Delivery is a message that was received, and is finished by one call of one
// of its methods. An error of theirs means that the broker may not have heard:
// the message is delivered again.
type Delivery interface {
	Message() Message
	// Ack ends the message: it was handled.
	Ack() error
	// Reject moves it to the dead-letter queue, for the handler's error.
	Reject(cause error) error
	// Requeue returns it to the queue, for the handler's error. The driver may
	// hold it for a while before, until ctx is done, and dead-letters it after
	// too many returns.
	Requeue(ctx context.Context, cause error) error
}
