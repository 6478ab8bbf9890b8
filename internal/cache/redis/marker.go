package redis

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/redis/rueidis"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
)

// ownership is whether the server is known to be the installation's.
type ownership struct {
	id func() (string, error) // nil: it is not asked
	// connections counts those that were made: with each the server may be another.
	connections atomic.Int64
	checked     atomic.Int64 // how many there were when the marker was last found right
}

// checkTries bounds how often the marker is looked at while connections are made.
const checkTries = 5

// dial is the dialer of the client, which counts.
func (o *ownership) dial(ctx context.Context, addr string, dialer *net.Dialer, secured *tls.Config) (net.Conn, error) {
	var conn net.Conn
	var err error
	if secured != nil {
		conn, err = (&tls.Dialer{NetDialer: dialer, Config: secured}).DialContext(ctx, "tcp", addr)
	} else {
		conn, err = dialer.DialContext(ctx, "tcp", addr)
	}
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, "the cache is not available", err)
	}
	o.connections.Add(1)
	return conn, nil
}

// check looks at the marker where a connection was made since it was last right.
func (c *Cache) check(ctx context.Context) error {
	if c.owner.id == nil {
		return nil
	}
	for range checkTries {
		connections := c.owner.connections.Load()
		if c.owner.checked.Load() == connections+1 {
			return nil
		}
		id, err := c.owner.id()
		if err != nil {
			return err
		}
		if err := installation.Check(ctx, installation.Cache, c, id); err != nil {
			return err
		}
		c.owner.checked.Store(connections + 1)
	}
	return fault.New(fault.Unavailable, "the connection is lost all the time")
}

var _ installation.Marker = (*Cache)(nil)

func (c *Cache) markerKey() string { return c.cfg.Prefix + "installation" }

// Claim implements installation.Marker. What Redis holds is not lost with its
// owner, so the marker is made wherever there is none.
func (c *Cache) Claim(ctx context.Context, id string) (owner string, err error) {
	err = c.call(ctx, "mark", func(ctx context.Context, client rueidis.Client) error {
		for range 2 {
			owner, err = client.Do(ctx, client.B().Get().Key(c.markerKey()).Build()).ToString()
			if !rueidis.IsRedisNil(err) {
				return err
			}
			err = client.Do(ctx, client.B().Set().Key(c.markerKey()).Value(id).Nx().Build()).Error()
			if err != nil && !rueidis.IsRedisNil(err) { // nil: another was first
				return err
			}
		}
		owner, err = client.Do(ctx, client.B().Get().Key(c.markerKey()).Build()).ToString()
		return err
	})
	return owner, err
}

// Replace implements installation.Marker.
func (c *Cache) Replace(ctx context.Context, id string) error {
	return c.call(ctx, "mark", func(ctx context.Context, client rueidis.Client) error {
		return client.Do(ctx, client.B().Set().Key(c.markerKey()).Value(id).Build()).Error()
	})
}

var _ installation.Memory = (*Cache)(nil)

func (c *Cache) positionKey() string { return c.cfg.Prefix + "position" }

// LastEvent implements installation.Memory. Whose server it is does not matter:
// each installation has epochs of its own.
func (c *Cache) LastEvent(ctx context.Context) (epoch string, id int64, err error) {
	err = c.call(ctx, "position", func(ctx context.Context, client rueidis.Client) error {
		text, err := client.Do(ctx, client.B().Get().Key(c.positionKey()).Build()).ToString()
		if rueidis.IsRedisNil(err) {
			return nil
		}
		before, digits, _ := strings.Cut(text, " ")
		epoch = before
		id, _ = strconv.ParseInt(digits, 10, 64) // what we did not write is no position
		return err
	})
	return epoch, id, err
}

// SaveEvent implements installation.Memory. One process at a time reads the log for
// the cache, so that reading and writing need no script.
func (c *Cache) SaveEvent(ctx context.Context, epoch string, id int64) error {
	before, last, err := c.LastEvent(ctx)
	if err != nil || before == epoch && last >= id {
		return err
	}
	return c.do(ctx, "save position", func(ctx context.Context, client rueidis.Client) error {
		value := epoch + " " + strconv.FormatInt(id, 10)
		return client.Do(ctx, client.B().Set().Key(c.positionKey()).Value(value).Build()).Error()
	})
}
