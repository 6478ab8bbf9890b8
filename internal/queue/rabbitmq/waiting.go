package rabbitmq

import (
	"context"
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Waiting implements queue.Publisher. It asks over the publisher's connection,
// one question at a time, and is cheap enough to be asked many times a second.
func (q *Queue) Waiting(ctx context.Context) (int, error) {
	o, err := q.publisher.outlet(ctx)
	if err != nil {
		return 0, err
	}
	return o.waiting(ctx)
}

// gauge is the channel over which an outlet asks for what waits.
type gauge struct {
	mu      sync.Mutex
	channel *amqp.Channel
}

type waitingAnswer struct {
	n   int
	err error
}

// waiting does not outlast ctx, though the library's calls know none: the one
// that hangs ends with the connection, and others wait for it no longer than
// their own ctx.
func (o *outlet) waiting(ctx context.Context) (int, error) {
	answer := make(chan waitingAnswer, 1)
	go func() {
		n, err := o.ask()
		answer <- waitingAnswer{n, err}
	}()
	select {
	case a := <-answer:
		if a.err != nil {
			return 0, unavailable("ask what waits", a.err)
		}
		return a.n, nil
	case <-ctx.Done():
		return 0, unavailable("ask what waits", context.Cause(ctx))
	}
}

func (o *outlet) ask() (int, error) {
	o.gauge.mu.Lock()
	defer o.gauge.mu.Unlock()
	if o.gauge.channel == nil {
		channel, err := o.link.conn.Channel()
		if err != nil {
			return 0, fmt.Errorf("open channel: %w", err)
		}
		o.gauge.channel = channel
	}
	found, err := o.gauge.channel.QueueDeclarePassive(o.queueName, true, false, false, false, nil)
	if err != nil {
		o.gauge.channel = nil // a question that is refused closes it
		return 0, fmt.Errorf("find queue: %w", err)
	}
	return found.Messages, nil
}
