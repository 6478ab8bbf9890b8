package fetch_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/safehttp/safehttptest"
)

func TestRedirects(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Referer", "Cookie", "Authorization"} {
			if got := r.Header.Get(name); got != "" {
				t.Errorf("%s: %s is %q", r.URL, name, got)
			}
		}
		if r.Method != http.MethodGet || !strings.HasPrefix(r.UserAgent(), "Vitrine/") {
			t.Errorf("%s %s by %q", r.Method, r.URL, r.UserAgent())
		}
		http.SetCookie(rw, &http.Cookie{Name: "session", Value: "1"})
		left, _ := strconv.Atoi(r.URL.Query().Get("left"))
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		switch {
		case r.URL.Path == "/loop":
			rw.Header().Set("Location", "/loop")
			rw.WriteHeader(http.StatusFound)
		case left == 0:
			_, _ = io.WriteString(rw, "picture")
		default:
			rw.Header().Set("Location", fmt.Sprintf("?left=%d&code=%d", left-1, code))
			rw.WriteHeader(code)
			_, _ = io.CopyN(rw, repeat('x'), 100_000)
		}
	})
	f := n.fetcher(t, limits())
	for _, code := range []int{301, 302, 303, 307, 308} {
		for left := range 8 {
			what := fmt.Sprintf("%d redirects with %d", left, code)
			body, err := f.Fetch(t.Context(), fmt.Sprintf("%s/image?left=%d&code=%d", base, left, code))
			if left > 5 {
				wantReason(t, what, err, fault.TooManyRedirects)
			} else if err != nil || string(body) != "picture" {
				t.Errorf("%s: got %q, %v", what, body, err)
			}
		}
	}
	_, err := f.Fetch(t.Context(), base+"/loop")
	wantReason(t, "loop", err, fault.TooManyRedirects)
}

// TestAnswersTellOfTheirWay: of every download that had an answer, also of one that failed, the
// last status and the redirects are told.
func TestAnswersTellOfTheirWay(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/twice":
			http.Redirect(rw, r, "/once", http.StatusFound)
		case "/once":
			http.Redirect(rw, r, "/busy", http.StatusSeeOther)
		case "/loop":
			http.Redirect(rw, r, "/loop", http.StatusTemporaryRedirect)
		case "/away":
			http.Redirect(rw, r, "http://nowhere.invalid/", http.StatusMovedPermanently)
		case "/inside": // a name of an address that may not be reached
			http.Redirect(rw, r, "http://inside.test/", http.StatusFound)
		case "/secret":
			http.Redirect(rw, r, "http://user:word@good.test/", http.StatusFound)
		case "/busy":
			rw.WriteHeader(http.StatusServiceUnavailable)
		case "/cut":
			rw.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(rw, "half")
		default:
			_, _ = io.WriteString(rw, "picture")
		}
	})
	n.DNS.Put("inside.test", safehttptest.Addresses("10.1.2.3"))
	f := n.fetcher(t, limits())
	for url, want := range map[string]media.Answer{
		base + "/":                 {Status: 200},
		base + "/twice":            {Status: 503, Redirects: 2},
		base + "/loop":             {Status: 307, Redirects: 5},
		base + "/away":             {Status: 301, Redirects: 1},
		base + "/cut":              {Status: 200},
		"http://nowhere.invalid/a": {},
	} {
		answer, err := f.Fetcher.Fetch(t.Context(), media.Source{URL: url}, io.Discard)
		if answer.Status != want.Status || answer.Redirects != want.Redirects {
			t.Errorf("%s: %+v, %v; want %+v", url, answer, err, want)
		}
	}
	own := strings.TrimPrefix(base, "http://")
	for url, want := range map[string]string{
		base + "/?password=1":      own + " 200",
		base + "/twice":            own + " 302, " + own + " 303, " + own + " 503",
		base + "/loop":             strings.Repeat(own+" 307, ", 5) + own + " 307",
		base + "/away":             own + " 301, nowhere.invalid 0",
		base + "/inside":           own + " 302",
		base + "/secret":           own + " 302",
		base + "/cut":              own + " 200",
		"http://nowhere.invalid/a": "nowhere.invalid 0",
		"http://127.0.0.1/a":       "",
	} {
		answer, _ := f.Fetcher.Fetch(t.Context(), media.Source{URL: url}, io.Discard)
		var hops []string
		for _, h := range answer.Hops {
			hops = append(hops, fmt.Sprintf("%s %d", h.Host, h.Status))
			if h.Took < 0 || h.Took > time.Minute {
				t.Errorf("%s took %s", h.Host, h.Took)
			}
		}
		if got := strings.Join(hops, ", "); got != want {
			t.Errorf("%s made the requests %s, want %s", url, got, want)
		}
	}
}

func TestNoRedirectsAtAll(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/x", http.StatusFound) })
	cfg := limits()
	cfg.MaxRedirects = 0
	_, err := n.fetcher(t, cfg).Fetch(t.Context(), base)
	wantReason(t, "one redirect", err, fault.TooManyRedirects)
}

func TestRedirectsToWhatIsNotFetched(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header()["Location"] = []string{r.URL.Query().Get("to")}
		rw.WriteHeader(http.StatusMovedPermanently)
	})
	f := n.fetcher(t, limits())
	for _, to := range []string{
		"file:///etc/passwd", "ftp://good.test/a", "gopher://good.test/", "javascript:alert(1)", "data:image/png;base64,AA==",
		"http://user:secret@good.test/", "http://@good.test/", "//user@good.test/", "http://good.test:22/", "//good.test:6379/",
		"http://", "http:///a", "http:opaque", "https:", "http://[::1", "http://%/", "http://good.test:x/",
		"mailto:a@good.test", "ws://good.test/",
	} {
		_, err := f.Fetch(t.Context(), base+"/?to="+url.QueryEscape(to))
		wantReason(t, to, err, fault.AddressBlocked)
		n.Untouched(t, to)
	}
}

func TestRedirectsBetweenSchemes(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Referer") != "" {
			t.Error("a Referer was sent")
		}
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(rw, r, to, http.StatusFound)
			return
		}
		_, _ = io.WriteString(rw, "secure")
	}))
	t.Cleanup(secure.Close)
	n.Roots.AddCert(secure.Certificate())
	// The certificate of the test server is for example.com.
	tls := strings.Replace(n.Add(secure.Listener.Addr(), "https"), "good.test", "example.com", 1)
	n.DNS.Put("example.com", safehttptest.Addresses("127.0.0.1"))
	plain := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(rw, r, to, http.StatusFound)
			return
		}
		_, _ = io.WriteString(rw, "plain")
	})
	f := n.fetcher(t, limits())
	for target, want := range map[string]string{
		tls + "/": "secure", tls + "/?to=" + url.QueryEscape(plain): "plain", plain + "/?to=" + url.QueryEscape(tls): "secure",
	} {
		if body, err := f.Fetch(t.Context(), target); err != nil || string(body) != want {
			t.Errorf("%s: got %q, %v", target, body, err)
		}
	}
}
