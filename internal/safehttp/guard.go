package safehttp

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"
	"golang.org/x/text/unicode/norm"
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

// Check returns a *BlockedError where u may not be requested, as far as it can
// be seen before the look-up of its host.
func (t *Transport) Check(u *url.URL) error {
	if detail := t.guard.refusal(u); detail != "" {
		return &BlockedError{Detail: detail}
	}
	return nil
}

// refusal says why u is not requested, "" where it is.
func (g *guard) refusal(u *url.URL) string {
	host := u.Hostname()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "Only http and https URLs are allowed."
	case u.Opaque != "" || host == "":
		return "The URL names no host."
	case u.User != nil:
		return "URLs with a user name or password are not allowed."
	case !g.goodPort(u):
		return "URLs with this port are not allowed."
	}
	host = plain(host)
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil && !g.allowsAddr(addr):
		return "The URL's address is private or reserved."
	case err != nil && g != nil && (endsInNumber(host) || strings.ContainsRune(host, ':')):
		return "The URL's host is an address in an unusual form."
	}
	return ""
}

// plain turns the letters, digits and dots that look-ups take for plain ones
// (full-width, circled, ideographic) into these, so that they are judged alike.
func plain(host string) string {
	return strings.ReplaceAll(norm.NFKC.String(host), "\u3002", ".")
}

func (g *guard) goodPort(u *url.URL) bool {
	text := u.Port()
	if text == "" {
		text = "80"
		if u.Scheme == "https" {
			text = "443"
		}
	}
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0 && g.allowsPort(uint16(port))
}

// endsInNumber tells a host that some resolvers read as an IPv4 address though
// it is not written as four decimals: its last label is a number, as in
// https://url.spec.whatwg.org/#ends-in-a-number-checker. No top-level domain
// is one.
func endsInNumber(host string) bool {
	last := strings.TrimSuffix(host, ".")
	last = strings.ToLower(last[strings.LastIndexByte(last, '.')+1:])
	if hex, isHex := strings.CutPrefix(last, "0x"); isHex {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}
