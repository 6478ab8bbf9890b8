package fetch_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fetch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/safehttp/safehttptest"
)

// network is what a fetcher under test can reach.
type network struct{ *safehttptest.Network }

func newNetwork(t *testing.T) network {
	t.Helper()
	return network{safehttptest.New(t)}
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
func (n network) fetcher(t *testing.T, cfg fetch.Config) fetcher {
	t.Helper()
	cfg.Ports = append(cfg.Ports, n.Ports()...)
	f := fetch.New(cfg)
	n.Isolate(f.Transport())
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return fetcher{f}
}

// serveRaw starts a server that speaks whatever talk says, once per
// connection, which ends with it or with the test.
func (network) serveRaw(t *testing.T, talk func(net.Conn)) net.Addr {
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

// fetcher returns the bodies that it fetches.
type fetcher struct{ *fetch.Fetcher }

func (f fetcher) Fetch(ctx context.Context, url string) ([]byte, error) {
	var body bytes.Buffer
	_, err := f.Fetcher.Fetch(ctx, media.Source{URL: url}, &body)
	if err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}
