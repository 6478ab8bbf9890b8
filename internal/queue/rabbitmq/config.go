package rabbitmq

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"vitrine.dev/internal/queue"
)

// Config says where the broker is and how to use it. Begin with DefaultConfig.
type Config struct {
	Host     string
	Port     uint16
	User     string
	Password string
	VHost    string
	TLS      *tls.Config // nil for a plain connection; the server's name is Host where it has none

	// Installation returns the id of the installation, which the marker in the
	// vhost must name: checked with every connection. Nil: it is not.
	Installation func() (string, error)

	// QueueName carries a version, which changes with the queue's arguments.
	QueueName string
	// DeliveryLimit is after how many returns a message is dead-lettered.
	// Messages that were on their way to a consumer that died count too, so it
	// stays well above the restarts to be expected.
	DeliveryLimit int

	DialTimeout    time.Duration // until a connection is open and the queues are declared
	Heartbeat      time.Duration // a silent link is dead after one and a half; whole seconds
	ConfirmTimeout time.Duration // until the broker has confirmed a message
	PublishWindow  int           // most messages unconfirmed at once
	ReconnectMin   time.Duration // first wait before a consumer connects again
	ReconnectMax   time.Duration // longest such wait
	RequeueMin     time.Duration // how long a failed message is held before it goes back; doubles with its deliveries
	RequeueMax     time.Duration // longest such hold
}

// DefaultConfig returns the defaults: a local broker with its own default user.
func DefaultConfig() Config {
	return Config{
		Host: "localhost", Port: 5672, User: "guest", Password: "guest", VHost: "/",
		QueueName: "vitrine.images.v1", DeliveryLimit: 20,
		DialTimeout: 5 * time.Second, Heartbeat: 10 * time.Second,
		ConfirmTimeout: 15 * time.Second, PublishWindow: 256,
		ReconnectMin: 100 * time.Millisecond, ReconnectMax: 5 * time.Second,
		RequeueMin: 100 * time.Millisecond, RequeueMax: 5 * time.Second,
	}
}

// validate returns all that is wrong, or nil.
func (c Config) validate() error {
	var errs []error
	check := func(ok bool, rule string) {
		if !ok {
			errs = append(errs, errors.New(rule))
		}
	}
	check(len(c.QueueName) <= 200, "queue name is longer than 200 bytes")
	check(c.DeliveryLimit > 0, "delivery limit must be positive")
	check(c.PublishWindow > 0, "publish window must be positive")
	check(c.Heartbeat >= 2*time.Second && c.Heartbeat <= time.Hour, "heartbeat must be from 2 s to 1 h")
	for name, d := range map[string]time.Duration{
		"dial timeout": c.DialTimeout, "confirm timeout": c.ConfirmTimeout,
		"first reconnect wait": c.ReconnectMin, "longest reconnect wait": c.ReconnectMax,
		"first requeue wait": c.RequeueMin, "longest requeue wait": c.RequeueMax,
	} {
		check(d > 0, name+" must be positive")
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("configure RabbitMQ: %w", err)
	}
	return nil
}

func (c Config) address() string {
	return net.JoinHostPort(c.Host, strconv.FormatUint(uint64(c.Port), 10))
}

// queueName returns the name of the source's queue.
func (c Config) queueName(of queue.Source) string {
	if of == queue.Dead {
		return c.deadQueue()
	}
	return c.QueueName
}

// deadQueue and deadExchange are named after the queue and so share its version.
func (c Config) deadQueue() string    { return c.QueueName + ".dead" }
func (c Config) deadExchange() string { return c.QueueName + ".dlx" }
