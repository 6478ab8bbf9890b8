package rabbitmq

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/queue"
)

var _ queue.Gauge = (*Queue)(nil)

// Depth implements queue.Gauge over a connection of its own, for a look now and
// then. What a consumer holds unacknowledged is not counted.
func (q *Queue) Depth(ctx context.Context) (d queue.Depth, err error) {
	l, err := connect(ctx, q.cfg, "gauge")
	if err != nil {
		return d, err
	}
	// The library's calls know no context.
	unwatch := context.AfterFunc(ctx, func() { _ = l.conn.Close() })
	defer func() {
		if unwatch() {
			_ = l.close()
		}
	}()
	jobs, err := inspect(l, q.cfg.QueueName)
	if err != nil {
		return d, unavailable("ask for depth", err)
	}
	dead, err := inspect(l, q.cfg.deadQueue())
	if err != nil {
		return d, unavailable("ask for depth", err)
	}
	return queue.Depth{
		Ready: int64(jobs.Messages), Dead: int64(dead.Messages), Drained: dead.Consumers > 0,
	}, nil
}

func inspect(l *link, name string) (amqp.Queue, error) {
	found, err := l.channel.QueueDeclarePassive(name, true, false, false, false, nil)
	if err != nil {
		return found, fmt.Errorf("inspect %s: %w", name, err)
	}
	return found, nil
}
