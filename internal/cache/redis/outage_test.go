package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/cache/cachetest"
	"vitrine.dev/internal/testserver"
)

// command sends one command to a server and waits for its answer.
func command(t *testing.T, addr string, words ...string) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := conn.Write([]byte(b.String())); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "+OK\r\n" {
		t.Fatalf("%s: %q, %v", words[0], line, err)
	}
}

// TestCutAndRestored: what was announced while the line was cut is known when
// it is back, and it comes back by itself.
func TestCutAndRestored(t *testing.T) {
	t.Parallel()
	addr, shared := testserver.Redis(t), prefix()
	line := testserver.Proxy(t, addr)
	near, far := open(t, config(t, line.Addr(), shared)), open(t, config(t, addr, shared))
	put(t, near, 1)
	cachetest.Until(t, "the entry is read", func() bool { return holds(t, near, 1) })
	before, err := near.Generation(t.Context(), "lists", 0)
	if err != nil {
		t.Fatal(err)
	}

	line.Cut()
	cachetest.Until(t, "the cut is noticed", func() bool { return unavailable(near.Ping(t.Context())) })
	began := time.Now()
	if _, _, err := near.Get(t.Context(), "a"); !unavailable(err) {
		t.Errorf("get without a line: %v, want unavailable", err)
	}
	if took := time.Since(began); took > 2*time.Second { // refused, not timed out (5 s)
		t.Errorf("an operation without a line took %v", took)
	}
	if err := far.Invalidate(t.Context(), "a", 2); err != nil {
		t.Fatal(err)
	}
	if _, _, err := far.Bump(t.Context(), "lists", 0, 0); err != nil {
		t.Fatal(err)
	}

	line.Restore()
	cachetest.Until(t, "the line is back", func() bool { return near.Ping(t.Context()) == nil })
	if !holds(t, near, 0) {
		t.Error("after the line came back, the old copy was served")
	}
	if after, err := near.Generation(t.Context(), "lists", 0); err != nil || after == before {
		t.Errorf("generation is %d (%v) after it was bumped", after, err)
	}
}

// TestHangingServer: no operation waits longer than its limit.
func TestHangingServer(t *testing.T) {
	t.Parallel()
	line := testserver.Proxy(t, testserver.Redis(t))
	cfg := config(t, line.Addr(), prefix())
	cfg.OpTimeout = 100 * time.Millisecond
	c := open(t, cfg)
	cachetest.Until(t, "there is a connection", func() bool { return c.Ping(t.Context()) == nil })
	line.Stall()
	for name, operation := range map[string]func() error{
		"get":        func() error { _, _, err := c.Get(t.Context(), "b"); return err },
		"put":        func() error { _, err := c.Put(t.Context(), "b", cache.Entry{Version: 1}); return err },
		"invalidate": func() error { return c.Invalidate(t.Context(), "b", 1) },
		"generation": func() error { _, err := c.Generation(t.Context(), "b", 0); return err },
		"bump":       func() error { _, _, err := c.Bump(t.Context(), "b", 0, 0); return err },
		"ping":       func() error { return c.Ping(t.Context()) },
	} {
		began := time.Now()
		err := operation()
		if took := time.Since(began); !unavailable(err) || took > 2*time.Second {
			t.Errorf("%s took %v: %v", name, took, err)
		}
	}
	line.Resume()
	cachetest.Until(t, "the server answers again", func() bool { return c.Ping(t.Context()) == nil })
}

// TestCopiesEndWithTheLine: where nothing is heard from the server any more,
// copies are not served for much longer, far less than a lease.
func TestCopiesEndWithTheLine(t *testing.T) {
	t.Parallel()
	line := testserver.Proxy(t, testserver.Redis(t))
	c := open(t, config(t, line.Addr(), prefix()))
	put(t, c, 1)
	cachetest.Until(t, "the entry is read", func() bool { return holds(t, c, 1) })
	line.Stall()
	cachetest.Until(t, "the copy is not trusted", func() bool { // within 20 s; the lease is a minute
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		_, found, _ := c.Get(ctx, "a")
		return !found
	})
}

// TestAbsentServer: New needs none, and later finds one.
func TestAbsentServer(t *testing.T) {
	t.Parallel()
	line := testserver.Proxy(t, testserver.Redis(t))
	line.Cut()
	c := open(t, config(t, line.Addr(), prefix()))
	if err := c.Ping(t.Context()); !unavailable(err) {
		t.Errorf("error %v, want unavailable", err)
	}
	line.Restore()
	cachetest.Until(t, "the server is found", func() bool { return c.Ping(t.Context()) == nil })
	put(t, c, 1)
}

// TestCancelledCaller: a caller's own impatience is not the server's fault.
func TestCancelledCaller(t *testing.T) {
	t.Parallel()
	c := open(t, config(t, testserver.Redis(t), prefix()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Put(ctx, "a", cache.Entry{Version: 1}); err == nil || unavailable(err) {
		t.Errorf("put for a caller who has gone: %v, want its cancellation", err)
	}
}
