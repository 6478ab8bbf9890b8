package fetch_test

import (
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fetch"
)

func TestURLsThatAreNotFetched(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	f := n.fetcher(t, limits())
	cfg := limits()
	cfg.AllowPrivate = true
	private := fetcher{fetch.New(cfg)}
	t.Cleanup(func() { _ = private.Close() })
	for _, target := range []string{
		"", "/", "image.jpg", "//good.test/a", "good.test/a", "127.0.0.1", ":80", "?a",
		"ftp://good.test/a", "file:///etc/passwd", "file://good.test/etc/passwd", "gopher://good.test/", "dict://good.test/",
		"ldap://good.test/", "ws://good.test/", "javascript:alert(1)", "data:image/png;base64,AA==", "jar:http://good.test!/a",
		"unix:/run/x.sock", "about:blank", "blob:http://good.test/1", "httpx://good.test/", "h\u0442tp://good.test/",
		"http:", "http:/", "http://", "http:///a", "http:good.test/a", "http://?a", "http://:80/", "http://#a", "https://:443",
		"http://user@good.test/", "http://user:secret@good.test/", "http://:@good.test/", "http://@good.test/",
		"http://good.test@127.0.0.1/", "http://a:b@[::1]/",
		"http://[::1", "http://::1/", "http://[]/", "http://[1.2.3.4]/", "http://[good.test]/", "http://[::1]x/",
		"http://good.test:port/", "http://good.test:-1/", "http://good.test:0/", "http://good.test:65536/", "http://good.test:80:80/",
		"http://good test/", "http://good.test\r\nX: y/", "http://good.test/\r\nX: y", "http://good.test/\x00", "http://%/",
		"http://good%00.test/", "http://good.test%0d%0aX:y/", "\x01http://good.test/",
	} {
		for name, fetcher := range map[string]fetcher{"guarded": f, "unguarded": private} {
			_, err := fetcher.Fetch(t.Context(), target)
			wantReason(t, name+" "+target, err, fault.AddressBlocked)
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: the error tells the password: %v", name, err)
			}
		}
		n.Untouched(t, target)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "007": 7 * time.Second,
		"86400": 24 * time.Hour, "86401": 24 * time.Hour, "99999999999999999999999": 24 * time.Hour,
		"-1": 0, "+1": 0, "1.5": 0, "1s": 0, "soon": 0, "1e3": 0, "0x10": 0, "\u0661": 0,
		"Mon, 23 Nov 2026 08:01:30 GMT":  90 * time.Second,
		"Monday, 23-Nov-26 08:00:05 GMT": 5 * time.Second,
		"Mon Nov 23 08:00:05 2026":       5 * time.Second,
		"Mon, 23 Nov 2026 07:59:59 GMT":  0,
		"Fri, 31 Dec 9999 23:59:59 GMT":  24 * time.Hour,
		"Mon, 23 Nov 2026":               0,
	} {
		if got := fetch.RetryAfter(value, now); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "120", "99999999999999999999", "-5", "Mon, 23 Nov 2026 08:01:30 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(seed, int64(1_790_000_000))
	}
	f.Fuzz(func(t *testing.T, value string, now int64) {
		if got := fetch.RetryAfter(value, time.Unix(now, 0)); got < 0 || got > 24*time.Hour {
			t.Errorf("%q at %d: got %s", value, now, got)
		}
	})
}
