package readthrough

import (
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"vitrine.dev/internal/cache"
)

// miss is a read that the engine could not answer.
type miss struct {
	flight    string // whose loads are the same
	key       string // in the engine; none: the result is not put
	floor     int64  // lowest version acceptable
	versioned bool   // versions of this key count
	load      loadFunc
}

// share loads, once for all who ask at the same time with the same floor: a
// caller is never given what is older than it may expect, since each load
// begins after its floor was known. The load outlives callers that give up.
func (c *Cache) share(ctx context.Context, m miss) (cache.Entry, error) {
	if err := ctx.Err(); err != nil {
		return cache.Entry{}, fmt.Errorf("load: %w", err)
	}
	if loaded, ok := c.putting.Load(m.flight); ok {
		if e, ok := loaded.(*cache.Entry); ok && e.Version >= m.floor {
			c.counts.coalesced.Add(1)
			return *e, nil
		}
	}
	led := false
	results := c.flights.DoChan(m.flight+"\x00"+strconv.FormatInt(m.floor, 10), func() (any, error) {
		led = true
		return c.load(context.WithoutCancel(ctx), m)
	})
	select {
	case r := <-results:
		if !led {
			c.counts.coalesced.Add(1)
		}
		e, _ := r.Val.(cache.Entry)
		return e, r.Err
	case <-ctx.Done():
		return cache.Entry{}, fmt.Errorf("load: %w", ctx.Err())
	}
}

// load loads, and puts the entry while the callers are answered. Who comes
// before it was put is given it too.
func (c *Cache) load(ctx context.Context, m miss) (cache.Entry, error) {
	began := time.Now()
	e, err := c.call(ctx, m.load)
	if err != nil {
		return cache.Entry{}, err
	}
	if m.versioned {
		c.floors.Saw(m.key, e.Version)
	}
	put := &e
	c.putting.Store(m.flight, put)
	go func() {
		defer c.putting.CompareAndDelete(m.flight, put)
		c.put(ctx, m, *put, began)
	}()
	return e, nil
}

// call loads within the time limit, and makes an error of a panic.
func (c *Cache) call(ctx context.Context, load loadFunc) (e cache.Entry, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.LoadTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the load panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return load(ctx)
}
