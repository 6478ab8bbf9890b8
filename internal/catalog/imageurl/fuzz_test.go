package imageurl

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzImageURL: a URL that the rules accept can be requested and carries no
// credentials, cleaning it once is enough, and one that they refuse is refused
// with a reason that holds no part of it but the host's one bad character.
func FuzzImageURL(f *testing.F) {
	for _, s := range []string{
		"https://example.com/a.jpg?b#c", "HTTP://X:80", "http://u:p@h/", "http://@h/", "//h/", "http:", "http://[::1]/", "http://h/\x00",
		"http://%41/", " http://h/a/../b ", "http://h/%2E%2e/", "http://[fe80::1%25en0]:1/", "http://[::1", "http://h:0", "http://h/%zz", "http://h/#%",
		"http://[fe80::1%en0]/", "http://[::ffff:1.2.3.4%25z]/", "http://h:1:2", "http://h%25/", "http://h/\x7f", "http://h?\x01",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean := Clean(s)
		if again := Clean(clean); again != clean {
			t.Errorf("%q cleaned is %q, and again %q", s, clean, again)
		}
		if reason := Fault(s); reason != "" {
			if reason == "must be a valid URL" {
				t.Errorf("%q is refused without saying why", s)
			}
			return
		}
		u, err := url.Parse(clean)
		if err != nil || u.User != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" ||
			len(clean) > MaxBytes || !utf8.ValidString(clean) || strings.ContainsAny(clean, "\x00\r\n") {
			t.Fatalf("accepted %q: %+v, %v", s, u, err)
		}
		if n, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || n < 1 || n > 65535) {
			t.Errorf("accepted port %s of %q", u.Port(), s)
		}
		if resolved := (&url.URL{}).ResolveReference(u); resolved.EscapedPath() != u.EscapedPath() {
			t.Errorf("%q keeps dot segments: %s, want %s", s, u.EscapedPath(), resolved.EscapedPath())
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Host != u.Host {
			t.Errorf("%q is written as %q: %v", s, u, err)
		}
	})
}
