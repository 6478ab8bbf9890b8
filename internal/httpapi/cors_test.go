package httpapi_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/guard"
)

const shopPage = "https://shop.example"

// newCORSSetup is an API whose answers pages of the origins may read.
func newCORSSetup(t *testing.T, deps httpapi.Deps) *setup {
	t.Helper()
	s := newSetup(t)
	deps.URL, deps.Views, deps.Log = imageURL, s.views, slog.New(slog.DiscardHandler)
	s.handler = newAPI(t, deps)
	return s
}

// TestCrossOrigin: pages of the origins may send requests and read the answers, refusals
// included, where keys are wanted; no others may.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	keys := guard.New(auth.NewAuthenticator(nil, slog.New(slog.DiscardHandler)), nil)
	s := newCORSSetup(t, httpapi.Deps{Origins: []string{shopPage, "http://localhost:5173"}, Authorize: keys.Authorize})
	preflight := func(origin, method, headers string) http.Header {
		w := s.do(http.MethodOptions, "/products/7", "", "Origin", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
		wantStatus(t, w, http.StatusNoContent)
		return w.Header()
	}
	for _, origin := range []string{shopPage, "http://localhost:5173"} {
		for _, method := range []string{"GET", "POST", "PATCH", "DELETE"} {
			got := preflight(origin, method, "authorization,content-type,idempotency-key,if-match,if-none-match,traceparent,tracestate,vitrine-user")
			if got.Get("Access-Control-Allow-Origin") != origin || got.Get("Access-Control-Allow-Methods") != method ||
				!strings.Contains(got.Get("Access-Control-Allow-Headers"), "if-match") || got.Get("Access-Control-Max-Age") != "7200" ||
				!strings.Contains(got.Get("Vary"), "Origin") || got.Get("Access-Control-Allow-Credentials") != "" || got.Get("X-Request-Id") == "" {
				t.Errorf("%s from %s: %v", method, origin, got)
			}
		}
	}
	for _, refused := range [][3]string{
		{"https://evil.example", "GET", ""},
		{"http://shop.example", "GET", ""},
		{"https://shop.example.evil.example", "GET", ""},
		{"null", "GET", ""},
		{shopPage, "TRACE", ""},
		{shopPage, "GET", "x-unheard-of"},
	} {
		if got := preflight(refused[0], refused[1], refused[2]); got.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%v is allowed", refused)
		}
	}

	for _, target := range []string{"/products/7", "/nothing", "/products//7", "/docs"} { // refused, missing, malformed, and found
		w := s.do(http.MethodGet, target, "", "Origin", shopPage)
		wantHeader(t, w, "Access-Control-Allow-Origin", shopPage)
		wantHeader(t, s.do(http.MethodGet, target, "", "Origin", "https://evil.example"), "Access-Control-Allow-Origin", "")
		if !strings.Contains(strings.Join(w.Header().Values("Vary"), ", "), "Origin") {
			t.Errorf("%s: a cache may give the answer to another site: Vary %q", target, w.Header().Values("Vary"))
		}
	}
	wantStatus(t, s.do(http.MethodOptions, "/products/7", "", "Origin", shopPage), http.StatusMethodNotAllowed) // no preflight
}

// TestExposedHeaders: a page can read every header that the description has.
func TestExposedHeaders(t *testing.T) {
	t.Parallel()
	s := newCORSSetup(t, httpapi.Deps{Origins: []string{"*"}})
	w := s.do(http.MethodGet, "/openapi.json", "", "Origin", shopPage)
	wantHeader(t, w, "Access-Control-Allow-Origin", "*")
	wantHeader(t, w, "Access-Control-Allow-Credentials", "")
	exposed := map[string]bool{}
	for name := range strings.SplitSeq(w.Header().Get("Access-Control-Expose-Headers"), ",") {
		exposed[http.CanonicalHeaderKey(strings.TrimSpace(name))] = true
	}
	for _, name := range []string{"Retry-After", "X-Request-Id"} { // of every answer, or of errors
		if !exposed[name] {
			t.Errorf("%s is not exposed", name)
		}
	}
	seen := 0
	for pattern, item := range described().paths {
		for _, op := range item.GetOperations().FromOldest() {
			for code, response := range op.Responses.Codes.FromOldest() {
				for name := range response.Headers.KeysFromOldest() {
					seen++
					if !exposed[http.CanonicalHeaderKey(name)] {
						t.Errorf("%s %s: %s is not exposed", pattern, code, name)
					}
				}
			}
		}
	}
	if seen < 5 {
		t.Errorf("%d headers are described", seen)
	}
}

// TestNoOrigins: without the setting nothing is said of other sites.
func TestNoOrigins(t *testing.T) {
	t.Parallel()
	s := newCORSSetup(t, httpapi.Deps{})
	w := s.do(http.MethodGet, "/docs", "", "Origin", shopPage)
	wantHeader(t, w, "Access-Control-Allow-Origin", "")
	wantHeader(t, w, "Vary", "")
	wantStatus(t, s.do(http.MethodOptions, "/products/7", "", "Origin", shopPage, "Access-Control-Request-Method", "GET"), http.StatusMethodNotAllowed)
}

// TestCrossOriginWithoutKeys: without authentication pages of the origins may send
// everything, and those of other sites no change.
func TestCrossOriginWithoutKeys(t *testing.T) {
	t.Parallel()
	open := guard.NewOpen(nil, slog.New(slog.DiscardHandler))
	if err := open.Trust(shopPage); err != nil {
		t.Fatal(err)
	}
	s := newSetup(t)
	path := s.create(smartphone)
	deps := s.deps(catalog.NewService(s.store, s.views, catalog.DefaultKeyTTL), nil)
	deps.Origins, deps.Authorize = []string{shopPage}, open.Authorize
	s.handler = newAPI(t, deps)
	send := func(origin string) int {
		r := s.request(http.MethodPatch, path, `{"product_name":"Phone"}`, "Origin", origin, "Sec-Fetch-Site", "cross-site")
		r.Host = "localhost:8080"
		return s.send(r).Code
	}
	if got := send(shopPage); got != http.StatusOK {
		t.Errorf("from a page of the shop: %d", got)
	}
	if got := send("https://evil.example"); got != http.StatusForbidden {
		t.Errorf("from a page of another site: %d", got)
	}
	if err := open.Trust("shop.example"); err == nil {
		t.Error("a name is taken for an origin")
	}
}
