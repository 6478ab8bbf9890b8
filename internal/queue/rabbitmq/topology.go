package rabbitmq

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// deadDeliveryLimit is the delivery limit of the dead-letter queue, beyond
// which a broker drops the message. It must be positive on 3.10 and stated on
// 4.x, whose default of 20 would drop dead letters while the database is down.
const deadDeliveryLimit = 1_000_000

// declare makes sure that the queues exist. It uses a channel of its own,
// because a refused declaration closes it.
func declare(conn *amqp.Connection, cfg Config) error {
	channel, err := conn.Channel()
	if err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	// The target of dead letters comes first: while it is missing they stay
	// with the broker, which looks for it only now and then.
	_, err = channel.QueueDeclare(cfg.deadQueue(), true, false, false, false, amqp.Table{
		amqp.QueueTypeArg:  amqp.QueueTypeQuorum,
		"x-delivery-limit": int64(deadDeliveryLimit),
	})
	if err != nil {
		return fmt.Errorf("declare dead-letter queue: %w", err)
	}
	err = channel.ExchangeDeclare(cfg.deadExchange(), amqp.ExchangeDirect, true, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("declare dead-letter exchange: %w", err)
	}
	if err := channel.QueueBind(cfg.deadQueue(), cfg.QueueName, cfg.deadExchange(), false, nil); err != nil {
		return fmt.Errorf("bind dead-letter queue: %w", err)
	}
	_, err = channel.QueueDeclare(cfg.QueueName, true, false, false, false, amqp.Table{
		amqp.QueueTypeArg:           amqp.QueueTypeQuorum,
		amqp.QueueOverflowArg:       amqp.QueueOverflowRejectPublish,
		"x-delivery-limit":          int64(cfg.DeliveryLimit),
		"x-dead-letter-exchange":    cfg.deadExchange(),
		"x-dead-letter-routing-key": cfg.QueueName,
		"x-dead-letter-strategy":    "at-least-once",
	})
	if err != nil {
		return fmt.Errorf("declare queue: %w", err)
	}
	if err := channel.Close(); err != nil {
		return fmt.Errorf("close channel: %w", err)
	}
	return nil
}
