package rabbitmq

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/fault"
)

// link is one connection with one channel: a generation. It is used until
// either is lost and then thrown away.
type link struct {
	conn    *amqp.Connection
	channel *amqp.Channel
	lost    chan struct{} // closed when either has ended
	err     error         // why; set before lost is closed
}

// errMismatch can be repaired by an operator alone.
var errMismatch = errors.New("the broker has the queue with other arguments")

// connect opens a link and declares the queues. It gives up when ctx ends or
// after DialTimeout. The error is of kind fault.Unavailable, with an
// installation.RefusedError where the broker is another installation's, except
// where it holds the queue with other arguments: errMismatch.
func connect(ctx context.Context, cfg Config, purpose string) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.DialTimeout)
	defer cancel()
	socket, err := (&net.Dialer{}).DialContext(ctx, "tcp", cfg.address())
	if err != nil {
		return nil, unavailable("dial", err)
	}
	// The library's calls know no context; closing the socket ends them.
	unwatch := context.AfterFunc(ctx, func() { _ = socket.Close() })
	l, err := open(ctx, socket, cfg, purpose)
	if !unwatch() {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), cmp.Or(err, net.ErrClosed))
	}
	if err == nil {
		return l, nil
	}
	_ = socket.Close()
	if reply, ok := errors.AsType[*amqp.Error](err); ok && reply.Code == amqp.PreconditionFailed {
		return nil, fmt.Errorf("declare %s: %w: %w", cfg.QueueName, errMismatch, err)
	}
	return nil, unavailable("open connection", err)
}

func open(ctx context.Context, socket net.Conn, cfg Config, purpose string) (*link, error) {
	if cfg.TLS != nil {
		secured, err := secure(ctx, socket, cfg)
		if err != nil {
			return nil, err
		}
		socket = secured
	}
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName("vitrine " + purpose)
	conn, err := amqp.Open(&boundedWrites{socket, cfg.Heartbeat}, amqp.Config{
		SASL:       []amqp.Authentication{&amqp.PlainAuth{Username: cfg.User, Password: cfg.Password}},
		Vhost:      cfg.VHost,
		Heartbeat:  cfg.Heartbeat,
		Properties: properties,
		Locale:     "en_US",
		Recovery:   nil, // its recovered channel acknowledges with the tags of the old one
	})
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if err := own(ctx, conn, cfg); err != nil {
		return nil, err
	}
	if err := declare(conn, cfg); err != nil {
		return nil, err
	}
	channel, err := conn.Channel()
	if err != nil {
		return nil, fmt.Errorf("open channel: %w", err)
	}
	l := &link{conn: conn, channel: channel, lost: make(chan struct{})}
	go l.watch(conn.NotifyClose(make(chan *amqp.Error, 1)), channel.NotifyClose(make(chan *amqp.Error, 1)))
	return l, nil
}

// secure speaks TLS on the socket, with a server that shows a certificate for
// the host's name.
func secure(ctx context.Context, socket net.Conn, cfg Config) (net.Conn, error) {
	settings := cfg.TLS.Clone()
	settings.ServerName = cmp.Or(settings.ServerName, cfg.Host)
	secured := tls.Client(socket, settings)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secured, nil
}

func (l *link) watch(conn, channel <-chan *amqp.Error) {
	defer close(l.lost)
	l.err = amqp.ErrClosed
	var err *amqp.Error
	select {
	case err = <-conn:
	case err = <-channel:
	}
	if err != nil { // nil after an orderly end
		l.err = err
	}
}

// closeTimeout bounds the orderly end of a connection.
const closeTimeout = 3 * time.Second

// close ends the link in order, so that what was sent on it has arrived.
func (l *link) close() error {
	err := l.conn.CloseDeadline(time.Now().Add(closeTimeout))
	if errors.Is(err, amqp.ErrClosed) {
		return nil // lost before
	}
	return err
}

// boundedWrites ends a write that the peer does not take. Without it the write
// holds the channel's lock, and the library, which would have to close the
// socket after missing heartbeats, waits for that lock first.
type boundedWrites struct {
	net.Conn

	limit time.Duration
}

func (c *boundedWrites) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// unavailable translates an error of the driver, once, for all that leave this
// package.
func unavailable(operation string, err error) error {
	return fault.Wrap(fault.Unavailable, "the queue cannot be reached", fmt.Errorf("%s: %w", operation, err))
}

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
