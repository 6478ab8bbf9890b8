package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// checkInterval is how often the balancer asks who is ready.
const checkInterval = 100 * time.Millisecond

// balancer is an http.RoundTripper that takes its backends in turn, those that
// say they are ready, over connections that it keeps. It tries another one only
// where a connection is refused: what has been sent is never sent again, as
// no one can know whether it was done. net/http's own client would.
type balancer struct {
	mu       sync.Mutex
	backends []*backend
	turn     int
}

type backend struct {
	address string
	ready   bool
	idle    []*kept
}

// kept is a connection that may serve again.
type kept struct {
	net.Conn

	answers *bufio.Reader
}

var errNoBackend = errors.New("no backend is ready")

// RoundTrip implements http.RoundTripper.
func (b *balancer) RoundTrip(req *http.Request) (*http.Response, error) {
	for range 3 {
		target, conn := b.choose()
		if target == nil {
			return nil, errNoBackend
		}
		if conn == nil {
			c, err := (&net.Dialer{}).DialContext(req.Context(), "tcp", target.address)
			if errors.Is(err, syscall.ECONNREFUSED) {
				b.mark(target, false)
				continue
			}
			if err != nil {
				return nil, err
			}
			conn = &kept{c, bufio.NewReader(c)}
		}
		return b.exchange(target, conn, req)
	}
	return nil, errNoBackend
}

// exchange sends the request and reads the whole answer, so that the
// connection is free again.
func (b *balancer) exchange(target *backend, conn *kept, req *http.Request) (*http.Response, error) {
	if err := req.Write(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	resp, err := http.ReadResponse(conn.answers, req)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if resp.Close {
		return resp, conn.Close()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !target.ready {
		return resp, conn.Close()
	}
	target.idle = append(target.idle, conn)
	return resp, nil
}

// choose returns the next backend that is ready, and a connection to it if one
// is kept.
func (b *balancer) choose() (*backend, *kept) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.backends {
		b.turn = (b.turn + 1) % len(b.backends)
		target := b.backends[b.turn]
		if !target.ready {
			continue
		}
		if n := len(target.idle); n > 0 {
			conn := target.idle[n-1]
			target.idle = target.idle[:n-1]
			return target, conn
		}
		return target, nil
	}
	return nil, nil
}

// mark notes whether a backend is ready; the connections to one that is not are
// of no more use.
func (b *balancer) mark(target *backend, ready bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	target.ready = ready
	if !ready {
		for _, conn := range target.idle {
			_ = conn.Close()
		}
		target.idle = nil
	}
}

func (b *balancer) isReady(target *backend) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return target.ready
}

// check asks all backends, again and again, whether they are ready.
func (b *balancer) check(ctx context.Context) {
	asking := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 3 * time.Second}
	var checks sync.WaitGroup
	for _, target := range b.backends {
		checks.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+target.address+"/readyz", nil)
				if err != nil {
					return
				}
				resp, err := asking.Do(req)
				b.mark(target, err == nil && resp.StatusCode == http.StatusOK)
				if err == nil {
					_ = resp.Body.Close()
				}
				select {
				case <-ctx.Done():
				case <-time.After(checkInterval):
				}
			}
		})
	}
	checks.Wait()
}
