package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
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
