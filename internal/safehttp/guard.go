package safehttp

import (
	"net/netip"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"
)

// BlockedError is why a request was not made: because of where it led.
type BlockedError struct {
	// Detail is a sentence for whoever wrote the URL. It names neither the
	// URL, which may hold secrets, nor an address that a host resolved to.
	Detail string
	cause  error // may be nil
}

func (e *BlockedError) Error() string {
	if e.cause == nil {
		return "blocked: " + e.Detail
	}
	return "blocked: " + e.Detail + " " + e.cause.Error()
}

func (e *BlockedError) Unwrap() error { return e.cause }

// guard decides where connections may go. The nil guard allows everything.
type guard struct {
	ports []uint16
	safe  *ssrf.Guardian
}

func newGuard(ports []uint16) *guard {
	// Public addresses that only a machine inside a cloud reaches, at its
	// provider's own services; all others are private or link-local.
	azure := netip.PrefixFrom(netip.AddrFrom4([4]byte{168, 63, 129, 16}), 32)
	return &guard{
		ports: ports,
		safe:  ssrf.New(ssrf.WithPorts(ports...), ssrf.WithDeniedV4Prefixes(azure)),
	}
}

// control is a net.Dialer's Control: it sees the very address that is about to
// be connected to.
func (g *guard) control(network, address string, raw syscall.RawConn) error {
	if err := g.safe.Safe(network, address, raw); err != nil {
		return &BlockedError{Detail: "The host's address is private, reserved or at a port that is not allowed.", cause: err}
	}
	return nil
}

// allowsPort tells early what control would refuse.
func (g *guard) allowsPort(port uint16) bool { return g == nil || slices.Contains(g.ports, port) }

// allowsAddr tells early what control would refuse, also where the machine
// lacks the family of the address and control would never be asked.
func (g *guard) allowsAddr(addr netip.Addr) bool {
	return g == nil || g.safe.SafeAddr(addr.Unmap()) == nil
}
