package server

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// deadline is a context that ends at a time, as that of context.WithDeadline does, or, where the time is
// the zero one, when it is cancelled. It makes its timer
// when someone first waits for its end, which what is answered from memory never does: a timer for
// each request was 4 % of the CPU of a cached read.
type deadline struct {
	context.Context //nolint:containedctx // it is one

	at    time.Time             // is not changed once someone may wait
	timed atomic.Pointer[timed] // nil until someone waits
	ended atomic.Bool
}

type timed struct {
	context.Context //nolint:containedctx // with the timer

	cancel context.CancelFunc
}

// withTimeout returns a context that ends after that time, and what ends it before.
func withTimeout(parent context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	d := &deadline{Context: parent, at: time.Now().Add(limit)}
	return d, d.cancel
}

// bounded returns the request with a context that ends after requestTimeout, and what ends it before. It is
// the same request where its context can still be given a limit.
func bounded(r *http.Request) (*http.Request, context.CancelFunc) {
	if d, own := r.Context().(*deadline); own && d.at.IsZero() {
		d.within(requestTimeout)
		return r, func() {} // at the end of the request
	}
	ctx, cancel := withTimeout(r.Context(), requestTimeout)
	return r.WithContext(ctx), cancel
}

// within has a context without a limit end after that time. No one may wait for its end yet.
func (d *deadline) within(limit time.Duration) { d.at = time.Now().Add(limit) }

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) {
	at, ok := d.Context.Deadline()
	if d.at.IsZero() || ok && at.Before(d.at) {
		return at, ok
	}
	return d.at, true
}

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} {
	if t := d.wait(); t != nil {
		return t.Done()
	}
	return closed
}

// Err implements context.Context.
func (d *deadline) Err() error {
	parent := d.Context
	if t := d.timed.Load(); t != nil {
		parent = t.Context
	}
	switch err := parent.Err(); {
	case err != nil:
		return err //nolint:wrapcheck // as it is
	case d.ended.Load():
		return context.Canceled
	case d.at.IsZero() || time.Now().Before(d.at):
		return nil
	default:
		return context.DeadlineExceeded
	}
}

// Value implements context.Context. That with the timer says that it can be cancelled, so that
// contexts made of this one need no goroutine of their own.
func (d *deadline) Value(key any) any {
	if t := d.timed.Load(); t != nil {
		return t.Value(key)
	}
	return d.Context.Value(key)
}

// wait returns the context with the timer; nil where this one was cancelled before anyone waited.
func (d *deadline) wait() *timed {
	if t := d.timed.Load(); t != nil || d.ended.Load() {
		return t
	}
	ctx, cancel := d.begin()
	if !d.timed.CompareAndSwap(nil, &timed{ctx, cancel}) {
		cancel()
	}
	t := d.timed.Load()
	if d.ended.Load() { // meanwhile
		t.cancel()
	}
	return t
}

func (d *deadline) begin() (context.Context, context.CancelFunc) {
	if d.at.IsZero() {
		return context.WithCancel(d.Context)
	}
	return context.WithDeadline(d.Context, d.at)
}

// cancel ends it, also for those who begin to wait later.
func (d *deadline) cancel() {
	d.ended.Store(true)
	if t := d.timed.Load(); t != nil {
		t.cancel()
	}
}

// closed is a channel that is.
var closed = func() chan struct{} { //nolint:gochecknoglobals // a constant
	c := make(chan struct{})
	close(c)
	return c
}()
