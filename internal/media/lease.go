package media

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/fault"
)

// errClaimLost ends the work on an image that is no longer ours: its product
// was changed or deleted, or our lease ran out and another worker began it.
var errClaimLost = errors.New("the claim on the image is lost")

// keepLease returns the context of an attempt: it renews the claim's lease
// until stop is called, ends with errClaimLost when the claim is lost, and with
// a failure when the attempt takes longer than it may. Waiting for the database,
// for room behind the downloads, for equal content and for a free process is not
// counted.
func (w *Worker) keepLease(parent context.Context, log *slog.Logger, claim Claim) (ctx context.Context, stop func()) {
	ctx, lose := context.WithCancelCause(parent)
	ctx, clock := withClock(ctx, w.cfg.JobTimeout, func() {
		lose(fault.Fail(fault.DecoderCrashed, "The work on the image took longer than "+w.cfg.JobTimeout.String()+".", nil))
	})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		w.renewLease(ctx, log, claim, lose)
	}()
	return ctx, func() {
		lose(nil)
		clock.stop()
		<-stopped
	}
}

// renewLease renews the lease every third of its length until ctx is done. A
// lease outlives a short outage of the database; after a longer one it is
// renewed as soon as that is back, before a sweep takes it for abandoned.
func (w *Worker) renewLease(ctx context.Context, log *slog.Logger, claim Claim, lose context.CancelCauseFunc) {
	regular := w.cfg.Lease / 3
	wait, failures := regular, 0
	for backoff.Sleep(ctx, wait) == nil {
		err := w.Store.Renew(ctx, claim, w.cfg.Lease)
		switch {
		case err == nil:
			wait, failures = regular, 0
		case fault.KindOf(err) == fault.Conflict:
			lose(errClaimLost)
			return
		case ctx.Err() == nil:
			log.WarnContext(ctx, "lease not renewed", "error", err)
			failures++
			wait = min(backoff.Delay(failures, firstPause, lastPause), regular)
		}
	}
}

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

// PauseClock stops the clock of the attempt of ctx, where it has one, until resume
// is called: for a wait that says nothing of the image, such as that of a
// Renderer for a free process. Pauses of one clock do not overlap: an attempt
// takes one step at a time.
func PauseClock(ctx context.Context) (resume func()) {
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

// The waits between tries of a store call while the database is unavailable.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// retryUnavailable calls do until its error is another one than
// fault.Unavailable, or ctx ends. Nothing useful can be done without the
// database, so the job waits here with what it has instead of going back to the
// queue, where each return would count as a delivery. The wait does not count
// towards the attempt's time limit.
func retryUnavailable(ctx context.Context, log *slog.Logger, what string, do func(context.Context) error) error {
	defer PauseClock(ctx)()
	for failures := 1; ; failures++ {
		err := do(ctx)
		if fault.KindOf(err) != fault.Unavailable {
			return err
		}
		pause := backoff.Delay(failures, firstPause, lastPause)
		log.WarnContext(ctx, "waiting for the database", "operation", what, "pause", pause, "error", err)
		if err := backoff.Sleep(ctx, pause); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}
