package redis

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"vitrine.dev/internal/backoff"
)

// connectPause is between two looks for a cluster that cannot be reached.
const connectPause = time.Second

var errNoCluster = errors.New("no node of the cluster could be reached yet")

// client is rueidis.Client from when there is one: that of a single server is
// made without the server, that of a cluster must have seen a node.
type client struct {
	made   atomic.Pointer[rueidis.Client]
	why    atomic.Pointer[error] // why there is none yet
	cancel context.CancelFunc    // ends the search
	ended  chan struct{}         // closed when it has ended
}

func newClient(cfg Config) *client {
	searching, cancel := context.WithCancel(context.Background())
	c := &client{cancel: cancel, ended: make(chan struct{})}
	if c.make(cfg) {
		close(c.ended)
		return c
	}
	go func() {
		defer close(c.ended)
		for !c.make(cfg) {
			if backoff.Sleep(searching, connectPause) != nil {
				return
			}
		}
	}()
	return c
}

// make reports whether the client is there now.
func (c *client) make(cfg Config) bool {
	made, err := rueidis.NewClient(cfg.option())
	if made == nil {
		c.why.Store(&err)
		return false
	}
	// A single server's is made even where it could not connect.
	c.made.Store(&made)
	return true
}

func (c *client) get() (rueidis.Client, error) {
	if made := c.made.Load(); made != nil {
		return *made, nil
	}
	if why := c.why.Load(); why != nil {
		return nil, errors.Join(errNoCluster, *why)
	}
	return nil, errNoCluster
}

func (c *client) close() {
	c.cancel()
	<-c.ended
	if made := c.made.Load(); made != nil {
		(*made).Close()
	}
}
