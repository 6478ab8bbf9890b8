package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"vitrine.dev/internal/installation"
)

// The marker is an exchange that no one publishes to. Its alternate exchange, the
// one argument that a broker compares when it is declared again, is named after
// the installation, and need not exist: one declaration makes the marker, finds
// it right, or is refused with the other's name.
// https://www.rabbitmq.com/docs/ae
const (
	markerSuffix = ".installation"
	ownerPrefix  = "vitrine."
	ownerArg     = "alternate-exchange"
)

// otherOwner is in the broker's refusal.
var otherOwner = regexp.MustCompile(`but current is (?:the value )?'` + regexp.QuoteMeta(ownerPrefix) + `([0-9a-f]+)`)

// own returns nil where the broker's vhost is the installation's, on a channel of
// its own, which a refusal closes.
func own(ctx context.Context, conn *amqp.Connection, cfg Config) error {
	if cfg.Installation == nil {
		return nil
	}
	id, err := cfg.Installation()
	if err != nil {
		return err
	}
	return installation.Check(ctx, installation.Queue, connMarker{conn, cfg}, id)
}

// connMarker is the marker over a connection.
type connMarker struct {
	conn *amqp.Connection
	cfg  Config
}

// Claim implements installation.Marker.
func (m connMarker) Claim(_ context.Context, id string) (owner string, err error) {
	err = m.onChannel(func(channel *amqp.Channel) error { return m.declare(channel, id) })
	if reply, ok := errors.AsType[*amqp.Error](err); ok && reply.Code == amqp.PreconditionFailed {
		if match := otherOwner.FindStringSubmatch(reply.Reason); match != nil && len(match[1]) == len(id) {
			return match[1], nil
		} else if match != nil {
			return match[1] + "…", nil // a broker's refusal has at most 255 bytes
		}
		return "the broker does not say which", nil
	}
	return id, err
}

// Replace implements installation.Marker.
func (m connMarker) Replace(_ context.Context, id string) error {
	return m.onChannel(func(channel *amqp.Channel) error {
		if err := channel.ExchangeDelete(m.cfg.QueueName+markerSuffix, false, false); err != nil {
			return fmt.Errorf("delete marker: %w", err)
		}
		return m.declare(channel, id)
	})
}

func (m connMarker) declare(channel *amqp.Channel, id string) error {
	err := channel.ExchangeDeclare(m.cfg.QueueName+markerSuffix, amqp.ExchangeDirect, true, false, true, false,
		amqp.Table{ownerArg: ownerPrefix + strings.ToLower(id)})
	if err != nil {
		return fmt.Errorf("declare marker: %w", err)
	}
	return nil
}

func (m connMarker) onChannel(do func(*amqp.Channel) error) error {
	channel, err := m.conn.Channel()
	if err != nil {
		return fmt.Errorf("open channel: %w", err)
	}
	if err := do(channel); err != nil {
		return err
	}
	if err := channel.Close(); err != nil {
		return fmt.Errorf("close channel: %w", err)
	}
	return nil
}

var _ installation.Marker = (*Driver)(nil)

// Claim implements installation.Marker: every connection of the driver checks the
// marker, for the installation of its Config.
func (d *Driver) Claim(ctx context.Context, id string) (owner string, err error) {
	_, err = d.publisher.outlet(ctx)
	return id, err
}

// Replace implements installation.Marker.
func (d *Driver) Replace(ctx context.Context, id string) (err error) {
	cfg := d.cfg
	cfg.Installation = nil
	l, err := connect(ctx, cfg, "marker")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := (connMarker{l.conn, cfg}).Replace(ctx, id); err != nil {
		return unavailable("replace marker", err)
	}
	return nil
}
