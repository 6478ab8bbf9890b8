package chaos_test

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

// The load: so many back ends of so many users, and so many shop windows, which only
// read what is popular, each with a pause between its requests. Two more users are
// the injector's.
const (
	clients  = 8
	users    = 4
	viewers  = 4
	thinking = 120 * time.Millisecond // of a back end, on the average
	glancing = 25 * time.Millisecond  // of a shop window
)

// load keeps clients busy until ctx ends. What is under way then is finished:
// a client that gives up in the middle would not know what it did.
func load(ctx context.Context, sys *system, seed uint64, m *maker, know *model, past *history) {
	var running sync.WaitGroup
	for n := range clients + viewers {
		c := &client{
			sys: sys, user: int64(n%users) + 1, make: m, know: know, past: past,
			rng:  rand.New(rand.NewPCG(seed, uint64(n)+1)),
			http: newHTTPClient(),
		}
		wait, act := thinking, c.act
		if n >= clients {
			wait, act = glancing, c.glance
		}
		running.Go(func() {
			defer c.http.CloseIdleConnections()
			for pause(ctx, time.Duration(c.rng.Int64N(int64(2*wait)))) {
				act(context.WithoutCancel(ctx))
			}
		})
	}
	running.Wait()
}

func newHTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext, MaxIdleConnsPerHost: 2,
	}}
}

// glance reads what is popular.
func (c *client) glance(ctx context.Context) {
	if it := c.know.popular(c.rng); it != nil {
		c.read(ctx, it)
	}
}

// act does one thing of the mix.
func (c *client) act(ctx context.Context) {
	it := c.know.pick(c.rng)
	switch dice := c.rng.IntN(100); {
	case dice < 12 || it == nil:
		c.create(ctx)
	case dice < 30:
		c.change(ctx, it)
		c.read(ctx, it)
	case dice < 33:
		c.delete(ctx, it)
		c.read(ctx, it)
	case dice < 43:
		c.list(ctx)
	default:
		c.read(ctx, it)
	}
}
