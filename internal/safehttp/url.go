package safehttp

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

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
