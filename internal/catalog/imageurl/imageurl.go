// Package imageurl is the rules of URLs that images are fetched from.
package imageurl

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"vitrine.dev/internal/text"
)

// MaxBytes is how long a URL may be, without blanks around it.
const MaxBytes = 2048

// Clean returns the URL of an image as it is stored, compared and fetched: without
// blanks and invisible characters around it, and with the dot segments of its
// path resolved (RFC 3986, 5.2.4; an escaped dot is a dot, 6.2.2.2). Everything
// else stays as the client wrote it.
func Clean(s string) string {
	s = strings.TrimFunc(s, isBlank)
	_, path, query, ok := splitURL(s)
	if !ok {
		return s
	}
	return s[:path] + withoutDotSegments(s[path:query]) + s[query:]
}

// isBlank also finds what shows as nothing: byte order marks, zero-width spaces
// and marks of direction, which come along when a URL is copied.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// splitURL returns where the authority of an http or https URL begins, where
// its path begins, and where query or fragment do. ok is false where s does not
// begin with one of the schemes and two slashes.
func splitURL(s string) (authority, path, query int, ok bool) {
	scheme, rest, found := strings.Cut(s, "://")
	if !found || !isHTTP(scheme) {
		return 0, 0, 0, false
	}
	authority = len(scheme) + len("://")
	path = authority + indexAny(rest, "/?#")
	return authority, path, path + indexAny(s[path:], "?#"), true
}

func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

// indexAny is strings.IndexAny, but the length of s where there is none.
func indexAny(s, chars string) int {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return i
	}
	return len(s)
}

// withoutDotSegments is remove_dot_segments of RFC 3986 for a path that is
// empty or begins with a slash.
func withoutDotSegments(path string) string {
	segments := strings.Split(path, "/")
	kept := segments[:1:1] // what stands before the first slash: nothing
	for i, segment := range segments[1:] {
		last := i == len(segments)-2
		switch dots(segment) {
		case 1:
		case 2:
			kept = kept[:max(len(kept)-1, 1)]
		default:
			kept = append(kept, segment)
			continue
		}
		if last { // a dot segment at the end leaves its slash
			kept = append(kept, "")
		}
	}
	return strings.Join(kept, "/")
}

// dots is 1 for a segment that is ".", 2 for "..", else 0.
func dots(segment string) int {
	if len(segment) > len("%2e%2e") {
		return 0
	}
	switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
	case ".":
		return 1
	case "..":
		return 2
	}
	return 0
}

// Fault says why s is no URL of an image, "" where it is one. It names the
// place and the one character that is wrong, never a longer part of s, which
// may hold a secret.
func Fault(s string) string {
	trimmed := strings.TrimFunc(s, isBlank)
	switch {
	case trimmed == "":
		return "must not be empty"
	case len(trimmed) > MaxBytes:
		return fmt.Sprintf("must have at most %d bytes, has %d", MaxBytes, len(trimmed))
	}
	if reason := text.StorageFault(s); reason != "" {
		return reason
	}
	if strings.HasPrefix(trimmed, uploadPrefix) {
		return uploadFault(trimmed)
	}
	authority, path, query, ok := splitURL(trimmed)
	switch {
	case !ok:
		if scheme, _, found := strings.Cut(trimmed, ":"); !found || !isHTTP(scheme) {
			return "must be an http or https URL"
		}
		return "must name a host"
	case strings.Contains(trimmed[authority:path], "@"):
		return "must not carry a user name or password"
	case path == authority || trimmed[authority] == ':':
		return "must name a host"
	}
	what, at := authorityFault(trimmed[authority:path])
	at += authority
	if what == "" {
		what, at = escapeFault(trimmed, path, query)
	}
	if what == "" {
		what, at = controlFault(trimmed)
	}
	if what != "" {
		at += strings.Index(s, trimmed)
		return fmt.Sprintf("must be a valid URL, but has %s at character %d", what, utf8.RuneCountInString(s[:at])+1)
	}
	if _, err := url.Parse(trimmed); err != nil { // which quotes the URL
		return "must be a valid URL"
	}
	return ""
}

// authorityFault says what is wrong with a host and its port, and where.
func authorityFault(authority string) (what string, at int) {
	end := indexAny(authority, ":")
	if authority[0] == '[' {
		address, _, closed := strings.Cut(authority[1:], "]")
		if !closed {
			return "an IPv6 address without its closing bracket", 0
		}
		if !isIPv6(address) {
			return "an invalid IPv6 address", 0
		}
		end = len(address) + len("[]")
	} else if what, at = hostFault(authority[:end]); what != "" {
		return what, at
	}
	port, hasPort := strings.CutPrefix(authority[end:], ":")
	switch n, err := strconv.ParseUint(port, 10, 16); {
	case end == len(authority):
		return "", 0
	case !hasPort:
		return "something else than a port after its address", end
	case port == "":
		return "a colon without a port", end
	case strings.Trim(port, "0123456789") != "":
		return "a port that is no number", end + 1
	case err != nil || n == 0:
		return "a port outside 1 to 65535", end + 1
	}
	return "", 0
}

// isIPv6 also takes an address with a zone (RFC 6874).
func isIPv6(address string) bool {
	bare, zone, zoned := strings.Cut(address, "%25")
	if zoned {
		if what, _ := hostFault(zone); what != "" {
			return false
		}
		address = bare + "%" + zone
	}
	addr, err := netip.ParseAddr(address)
	return err == nil && addr.Is6() && zoned == (addr.Zone() != "")
}

// hostFault finds what stands in no host: RFC 3986, 3.2.2, letters of other
// scripts taken as they are. Escapes are for these letters only.
func hostFault(host string) (what string, at int) {
	for i, r := range host {
		switch {
		case r == '%':
			if b, err := strconv.ParseUint(host[i+1:min(i+3, len(host))], 16, 8); err != nil || b < utf8.RuneSelf {
				return "an invalid percent escape in its host", i
			}
		case unicode.IsControl(r):
			return control(r), i
		case isBlank(r):
			return "a blank in its host", i
		case r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._~!$&'()*+,;=", r):
			return fmt.Sprintf("a %q in its host", r), i
		}
	}
	return "", 0
}

// escapeFault finds a percent sign in path or fragment that begins no escape. A
// query is sent as it is, whatever it contains.
func escapeFault(s string, path, query int) (what string, at int) {
	for i := path; i < len(s); i++ {
		if i == query {
			i += indexAny(s[i:], "#")
		}
		if i < len(s) && s[i] == '%' && (i+3 > len(s) || strings.Trim(s[i+1:i+3], "0123456789abcdefABCDEF") != "") {
			return "an invalid percent escape", i
		}
	}
	return "", 0
}

func controlFault(s string) (what string, at int) {
	at = strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == '\x7f' })
	if at < 0 {
		return "", 0
	}
	return control(rune(s[at])), at
}

func control(r rune) string { return fmt.Sprintf("a control character (%U)", r) }
