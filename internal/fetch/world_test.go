package fetch_test

import (
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fetch"
)

// world is all that a fetcher under test can reach: a name server, test
// servers under the name good.test, and a canary that must never hear of it.
type world struct {
	dns    *nameServer
	canary *canary
	exempt []netip.AddrPort
	roots  *x509.CertPool

	mu     sync.Mutex
	passed []netip.AddrPort // let through by the guard, not connected to
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dns: newNameServer(t), canary: newCanary(t), roots: x509.NewCertPool()}
	w.dns.put("good.test", addresses("127.0.0.1"))
	return w
}

// limits are generous where a test does not say otherwise, so that a slow
// machine changes no result.
func limits() fetch.Config {
	cfg := fetch.DefaultConfig()
	cfg.Timeout, cfg.DialTimeout, cfg.TLSTimeout = time.Minute, time.Minute, time.Minute
	cfg.HeaderTimeout, cfg.IdleTimeout = time.Minute, time.Minute
	cfg.MaxBytes = 1 << 20
	return cfg
}

// fetcher returns one that may reach the servers added so far, and whose ports
// are those of the servers and of the canary beside its own.
func (w *world) fetcher(t *testing.T, cfg fetch.Config) *fetch.Fetcher {
	t.Helper()
	cfg.Ports = append(cfg.Ports, w.canary.port)
	for _, server := range w.exempt {
		cfg.Ports = append(cfg.Ports, server.Port())
	}
	f := fetch.NewIsolated(cfg, fetch.Isolation{
		Resolver: w.dns.resolver(), Roots: w.roots, Exempt: w.exempt,
		Passed: func(addr netip.AddrPort) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.passed = append(w.passed, addr)
		},
	})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return f
}

// add makes the server one that may be reached and returns its URL by name.
func (w *world) add(addr net.Addr, scheme string) string {
	server := netip.MustParseAddrPort(addr.String())
	w.exempt = append(w.exempt, server)
	return scheme + "://good.test:" + strconv.Itoa(int(server.Port()))
}

// serve starts an HTTP server.
func (w *world) serve(t *testing.T, handler http.HandlerFunc) (base string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return w.add(server.Listener.Addr(), "http")
}

// serveRaw starts a server that speaks whatever talk says, once per
// connection, which ends with it or with the test.
func (w *world) serveRaw(t *testing.T, talk func(net.Conn)) net.Addr {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	wait.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			wait.Go(func() {
				defer conn.Close()
				talk(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mu.Lock()
		for _, conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		wait.Wait()
	})
	return listener.Addr()
}

// untouched ends the test when anything but the test servers was, or would
// have been, connected to.
func (w *world) untouched(t *testing.T, what string) {
	t.Helper()
	if n := w.canary.heard(t); n > 0 {
		t.Fatalf("%s: the canary was connected to %d times", what, n)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.passed) > 0 {
		t.Fatalf("%s: the guard let %v pass", what, w.passed)
	}
}

// canary listens on both loopback addresses where there are both.
type canary struct {
	port      uint16
	listeners []net.Listener
	arrivals  chan string // remote addresses in the order of arrival
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	first, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		t.Fatal(err)
	}
	c := &canary{port: netip.MustParseAddrPort(first.Addr().String()).Port(), arrivals: make(chan string, 100)}
	c.listen(t, first)
	if second, err := net.Listen("tcp", "[::1]:"+strconv.Itoa(int(c.port))); err == nil { //nolint:noctx // returns at once
		c.listen(t, second)
	}
	return c
}

func (c *canary) listen(t *testing.T, listener net.Listener) {
	t.Helper()
	c.listeners = append(c.listeners, listener)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.arrivals <- conn.RemoteAddr().String()
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
}

// heard returns how many connections came since the last call. Connections are
// accepted in the order in which they come, so all have been seen once a
// connection of our own has.
func (c *canary) heard(t *testing.T) (n int) {
	t.Helper()
	for _, listener := range c.listeners {
		conn, err := net.Dial("tcp", listener.Addr().String()) //nolint:noctx // returns at once
		if err != nil {
			t.Fatal(err)
		}
		for <-c.arrivals != conn.LocalAddr().String() {
			n++
		}
		_ = conn.Close()
	}
	return n
}

// wantReason checks a failure, and that it tells nothing internal, and returns
// when the host asks us to come back.
func wantReason(t *testing.T, what string, err error, want fault.Reason) (retryAfter time.Duration) {
	t.Helper()
	f, ok := fault.FailureOf(err)
	if !ok || f.Reason != want {
		t.Errorf("%s: got %v, want %s", what, err, want)
		return 0
	}
	if !strings.HasSuffix(f.Detail, ".") || strings.Contains(f.Detail, "127.0.0.1") || strings.Contains(f.Detail, "::1") ||
		strings.Contains(f.Detail, "good.test") || strings.Contains(f.Detail, "tcp") {
		t.Errorf("%s: detail %q is not a sentence for a stranger", what, f.Detail)
	}
	return f.RetryAfter
}
