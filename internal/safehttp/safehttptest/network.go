package safehttptest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"vitrine.dev/internal/safehttp"
)

// Network is all that a transport under test can reach: a name server, test
// servers under the name good.test, and a canary that must never be connected
// to. The transport's guard is the real one.
type Network struct {
	DNS    *NameServer
	Canary *Canary
	Roots  *x509.CertPool

	exempt []netip.AddrPort // the test servers

	mu     sync.Mutex
	passed []netip.AddrPort
}

// New returns a network that ends with the test.
func New(t *testing.T) *Network {
	t.Helper()
	n := &Network{DNS: newNameServer(t), Canary: newCanary(t), Roots: x509.NewCertPool()}
	n.DNS.Put("good.test", Addresses("127.0.0.1"))
	return n
}

// Ports returns those of the canary and of the servers added so far.
func (n *Network) Ports() []uint16 {
	ports := []uint16{n.Canary.Port}
	for _, server := range n.exempt {
		ports = append(ports, server.Port())
	}
	return ports
}

var errIsolated = errors.New("no test connects to the internet")

// Isolate keeps a transport that was not used yet within the network. It may
// reach the servers added so far. Every other address that its guard lets
// through is noted and not connected to.
func (n *Network) Isolate(t *safehttp.Transport) {
	t.Dialer.Resolver = n.DNS.resolver()
	t.HTTP.TLSClientConfig = &tls.Config{RootCAs: n.Roots, MinVersion: tls.VersionTLS12}
	guarded, exempt := t.Dialer.Control, slices.Clone(n.exempt)
	t.Dialer.Control = func(network, address string, raw syscall.RawConn) error {
		addr, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if slices.Contains(exempt, addr) {
			return nil
		}
		if guarded != nil {
			if err := guarded(network, address, raw); err != nil {
				return err
			}
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.passed = append(n.passed, addr)
		return errIsolated
	}
}

// Add makes the server one that may be reached and returns its URL by name.
func (n *Network) Add(addr net.Addr, scheme string) string {
	server := netip.MustParseAddrPort(addr.String())
	n.exempt = append(n.exempt, server)
	return scheme + "://good.test:" + strconv.Itoa(int(server.Port()))
}

// Serve starts an HTTP server.
func (n *Network) Serve(t *testing.T, handler http.HandlerFunc) (base string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return n.Add(server.Listener.Addr(), "http")
}

// TakePassed returns the addresses that the guard has let through since the
// last call.
func (n *Network) TakePassed() []netip.AddrPort {
	n.mu.Lock()
	defer n.mu.Unlock()
	passed := n.passed
	n.passed = nil
	return passed
}

// Untouched ends the test when anything but the test servers was, or would
// have been, connected to.
func (n *Network) Untouched(t *testing.T, what string) {
	t.Helper()
	if count := n.Canary.Heard(t); count > 0 {
		t.Fatalf("%s: the canary was connected to %d times", what, count)
	}
	if passed := n.TakePassed(); len(passed) > 0 {
		t.Fatalf("%s: the guard let %v pass", what, passed)
	}
}
