package guard

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		remote    string
		forwarded []string
		want      string
	}{
		{"203.0.113.9:1", nil, "203.0.113.9"},
		{"203.0.113.9:1", []string{"192.0.2.1"}, "203.0.113.9"}, // no proxy of ours says so
		{"10.1.2.3:1", nil, "10.1.2.3"},
		{"10.1.2.3:1", []string{"192.0.2.1"}, "192.0.2.1"},
		{"10.1.2.3:1", []string{"192.0.2.66, 192.0.2.1"}, "192.0.2.1"}, // what is before it is anyone's word
		{"10.1.2.3:1", []string{"192.0.2.66", "192.0.2.1, 10.9.9.9"}, "192.0.2.1"},
		{"10.1.2.3:1", []string{"192.0.2.1, unknown"}, "10.1.2.3"},
		{"10.1.2.3:1", []string{""}, "10.1.2.3"},
		{"10.1.2.3:1", []string{"192.0.2.1:4711"}, "192.0.2.1"},
		{"10.1.2.3:1", []string{"[2001:db8::7]:4711, [fd00::2]"}, "2001:db8::7"},
		{"[fd00::1]:1", []string{"2001:db8::7"}, "2001:db8::7"},
		{"[::ffff:10.1.2.3]:1", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"10.1.2.3:1", []string{"10.4.4.4, 10.5.5.5"}, "10.4.4.4"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := address(r, proxies); got.String() != c.want {
			t.Errorf("%s, forwarded for %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
	for a, want := range map[string]string{"192.0.2.1": "192.0.2.1", "2001:db8:1:2:3::4": "2001:db8:1:2::/64"} {
		if got := network(netip.MustParseAddr(a)); got != want {
			t.Errorf("network of %s: %s, want %s", a, got, want)
		}
	}
}
