package catalog

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
		clean := CleanURL(s)
		if again := CleanURL(clean); again != clean {
			t.Errorf("%q cleaned is %q, and again %q", s, clean, again)
		}
		if reason := urlFault(s); reason != "" {
			if reason == "must be a valid URL" {
				t.Errorf("%q is refused without saying why", s)
			}
			return
		}
		u, err := url.Parse(clean)
		if err != nil || u.User != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" ||
			len(clean) > MaxURLBytes || !utf8.ValidString(clean) || strings.ContainsAny(clean, "\x00\r\n") {
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

// FuzzDraft: a draft without faults is within every limit, and its fingerprint
// is that of no neighbour.
func FuzzDraft(f *testing.F) {
	f.Add(int64(1), "Lamp", "Bright", "https://a/1", "https://a/2", int64(950))
	f.Add(int64(0), "", "\x00", "", "x", int64(-1))
	f.Add(MaxID, "é", "\xff", "http://a", "http://a", int64(MaxPrice))
	f.Fuzz(func(t *testing.T, user int64, name, description, first, second string, price int64) {
		d := Draft{UserID: user, Name: name, Description: description, Images: []string{first, second}, Price: Price(price)}
		bad := d.check()
		seen := map[string]bool{}
		for _, fault := range bad {
			if fault.Name == "" || fault.Reason == "" || seen[fault.Name] {
				t.Errorf("faults %+v", bad)
			}
			seen[fault.Name] = true
		}
		if len(bad) == 0 && (user < 1 || user > MaxID || strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > MaxNameRunes ||
			utf8.RuneCountInString(description) > MaxDescriptionRunes || price < 0 || Price(price) > MaxPrice ||
			strings.ContainsRune(name+description, 0) || !utf8.ValidString(name+description)) {
			t.Errorf("accepted %+v", d)
		}
		moved := d
		moved.Name, moved.Description = name+description, ""
		joined := d
		joined.Images = []string{first + second}
		if d.fingerprint() == joined.fingerprint() || description != "" && d.fingerprint() == moved.fingerprint() {
			t.Errorf("two drafts have the fingerprint of %+v", d)
		}
	})
}
