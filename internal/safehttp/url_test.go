package safehttp_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"vitrine.dev/internal/safehttp"
	"vitrine.dev/internal/safehttp/safehttptest"
)

// What passes has one of the schemes, a host, no credentials, an allowed port,
// and a host that is a name or a public address.
func FuzzURL(f *testing.F) {
	for _, host := range safehttptest.ForbiddenHosts() {
		f.Add("http://" + host + "/")
	}
	for _, seed := range []string{"https://example.com:443/a?b#c", "http://a@b/", "http://[::ffff:1.2.3.4]:80", "HTTP://X.", "//x", "http:x"} {
		f.Add(seed)
	}
	transport := safehttp.New(safehttp.DefaultConfig())
	f.Fuzz(func(t *testing.T, reference string) {
		u, err := url.Parse(reference)
		if err != nil || transport.Check(u) != nil {
			return
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			t.Errorf("accepted %q", u)
		}
		if p := u.Port(); p != "" && strings.TrimLeft(p, "0") != "80" && strings.TrimLeft(p, "0") != "443" {
			t.Errorf("accepted port %s", p)
		}
		addr, err := netip.ParseAddr(u.Hostname())
		if err != nil {
			return
		}
		if addr = addr.Unmap(); addr.IsLoopback() || addr.IsPrivate() || addr.IsUnspecified() || addr.IsMulticast() ||
			addr.IsLinkLocalUnicast() || addr.Zone() != "" {
			t.Errorf("accepted %s", addr)
		}
	})
}
