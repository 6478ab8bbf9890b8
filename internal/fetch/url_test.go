package fetch_test

import (
	"strings"
	"testing"

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
