package readthrough_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/fault"
)

// TestBreaker follows an outage: three calls fail, then there is one each
// second, and with the first that succeeds all is as before.
func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		e, r := newEngine(), at(1)
		c := logging(t, e, slog.NewTextHandler(&logged, nil))
		e.entries[product], _ = r.read()
		e.fail(errUnavailable)
		wantGets := func(n int) {
			t.Helper()
			for range 100 {
				want(t, c, r, 1)
				synctest.Wait() // for the put
			}
			if got := e.called("get"); got != n {
				t.Errorf("the engine was asked %d times, want %d", got, n)
			}
		}
		wantGets(2)
		if n := e.called("put"); n != 1 { // the third call that fails
			t.Errorf("the engine was given %d entries, want 1", n)
		}
		wantGets(0)
		if err := c.Invalidate(t.Context(), product, 1); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("invalidate returned %v while the engine is unavailable, want unavailable", err)
		}
		for range 3 {
			time.Sleep(time.Second)
			wantGets(1)
		}
		e.fail(nil)
		wantGets(0)
		time.Sleep(time.Second)
		r.loads.Store(0)
		wantGets(100)
		wantLoads(t, r, 0)
		for _, line := range []string{"the cache is unavailable", "the cache is available again"} {
			if n := strings.Count(logged.String(), line); n != 1 {
				t.Errorf("%q was logged %d times:\n%s", line, n, &logged)
			}
		}
	})
}

// TestOnlyOneProbes: while the engine hangs, one reader a second waits for it.
func TestOnlyOneProbes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, r := newEngine(), at(1)
		e.err = errUnavailable
		c := reader(t, e)
		for range 3 {
			want(t, c, r, 1)
		}
		synctest.Wait()
		time.Sleep(2 * time.Second)
		e.called("get")
		e.set(func(e *engine) { e.before["get"] = func() { time.Sleep(250 * time.Millisecond) } })
		probe := readLater(t, c, r.load)
		synctest.Wait()
		began := time.Now()
		for range 100 {
			want(t, c, r, 1)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("readers waited %v beside the probe", took)
		}
		<-probe
		if n := e.called("get"); n != 1 {
			t.Errorf("%d probes", n)
		}
	})
}

// TestImpatientCallersOpenNothing: that callers give up is not the engine's
// fault.
func TestImpatientCallersOpenNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		e.before["get"] = func() { time.Sleep(time.Second) }
		c := reader(t, e)
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := c.Load(ctx, product, all, at(1).load); err == nil {
				t.Error("an answer came though no one waits")
			}
			cancel()
		}
		delete(e.before, "get")
		e.fail(fmt.Errorf("shared call: %w", context.Canceled))
		for range 10 {
			want(t, c, at(1), 1)
		}
		if n := e.called("get"); n != 20 || c.Stats().Errors != 0 {
			t.Errorf("the engine was asked %d times with %d errors, want 20 and none", n, c.Stats().Errors)
		}
	})
}

// TestPingPassesTheBreaker: readiness is about now.
func TestPingPassesTheBreaker(t *testing.T) {
	t.Parallel()
	e := newEngine()
	c := reader(t, e)
	e.fail(errUnavailable)
	for range 5 {
		if err := c.Ping(t.Context()); err == nil {
			t.Error("ping of an engine that is unavailable succeeded")
		}
	}
	e.fail(nil)
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if e, err := c.Load(t.Context(), product, all, at(1).load); err != nil || e.Version != 1 {
		t.Error(err)
	}
}

var _ cache.Cache = (*engine)(nil)
