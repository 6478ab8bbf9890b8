package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// Isolation keeps a fetcher under test away from the internet.
type Isolation struct {
	Resolver *net.Resolver
	Roots    *x509.CertPool
	// Exempt are the test servers of this one fetcher.
	Exempt []netip.AddrPort
	// Passed is told of every other address that the guard lets through. It
	// is not connected to.
	Passed func(netip.AddrPort)
}

var errIsolated = errors.New("no test connects to the internet")

// NewIsolated is New in isolation. Its guard is the real one.
func NewIsolated(cfg Config, with Isolation) *Fetcher {
	f := New(cfg)
	f.dialer.Resolver = with.Resolver
	f.transport.TLSClientConfig = &tls.Config{RootCAs: with.Roots, MinVersion: tls.VersionTLS12}
	guarded := f.dialer.Control
	f.dialer.Control = func(network, address string, raw syscall.RawConn) error {
		addr, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if slices.Contains(with.Exempt, addr) {
			return nil
		}
		if guarded != nil {
			if err := guarded(network, address, raw); err != nil {
				return err
			}
		}
		with.Passed(addr)
		return errIsolated
	}
	return f
}

func RetryAfter(value string, now time.Time) time.Duration { return retryAfter(value, now) }

// Accepts tells whether the URL passes the check before the look-up.
func (f *Fetcher) Accepts(reference string) bool {
	_, refused := f.guard.parse(nil, reference)
	return refused == nil
}

// ReadBody reads a body of the content coding as if it had been downloaded.
func ReadBody(cfg Config, coding string, body []byte) ([]byte, error) {
	r := &http.Response{
		Header:        http.Header{"Content-Encoding": {coding}},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: -1,
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	read, err := New(cfg).read(r, cancel)
	if err != nil {
		return nil, failure(ctx, err)
	}
	return read, nil
}
