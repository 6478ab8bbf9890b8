package media

import (
	"context"
	"sync"
	"time"
)

// clock bounds the work on one attempt. It is paused while the attempt
// waits for the database, so that an outage of any length costs no attempt.
type clock struct {
	mu      sync.Mutex
	timer   *time.Timer
	left    time.Duration // when it was last started or paused
	started time.Time
	paused  bool
	over    bool // expired, or stopped
}

type clockKey struct{}

// withClock returns ctx with a clock that calls expire once the time is up,
// unless it is stopped before.
func withClock(ctx context.Context, limit time.Duration, expire func()) (context.Context, *clock) {
	c := &clock{left: limit, started: time.Now()}
	c.timer = time.AfterFunc(limit, func() {
		if c.end() {
			expire()
		}
	})
	return context.WithValue(ctx, clockKey{}, c), c
}

// end ends the time, unless the clock was paused just before it was up.
func (c *clock) end() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused || c.over {
		return false
	}
	c.over = true
	return true
}

// pauseClock stops the clock of ctx, where it has one, until resume is called.
// Pauses of one clock do not overlap: an attempt takes one step at a time.
func pauseClock(ctx context.Context) (resume func()) {
	c, ok := ctx.Value(clockKey{}).(*clock)
	if !ok {
		return func() {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = true
	c.timer.Stop()
	c.left -= time.Since(c.started)
	return c.resume
}

func (c *clock) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused, c.started = false, time.Now()
	if !c.over {
		c.timer.Reset(max(c.left, 0))
	}
}

func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.timer.Stop()
}
