package httpapi_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/httpkit/server"
	"vitrine.dev/internal/logtest"
)

// TestOpen: without authentication a browser on the same machine must not be led here by
// a page of another site.
func TestOpen(t *testing.T) {
	t.Parallel()
	logs := &logtest.Buffer{}
	g := guard.NewOpen([]string{"shop.test"}, slog.New(slog.NewTextHandler(logs, nil)))
	s := newSetup(t)
	handle := func(_ http.ResponseWriter, _ *http.Request) error { return nil }
	s.handler = server.New(server.Config{Log: slog.New(slog.DiscardHandler), Authorize: guard.Limits{}.Around(g.Authorize)}, []server.Route{
		{Method: http.MethodGet, Path: "/things", Handle: handle, Scopes: []string{"any"}},
		{Method: http.MethodPost, Path: "/things", Handle: handle, Scopes: []string{"any"}},
		{Method: http.MethodGet, Path: "/public", Handle: handle},
	})
	send := func(method, path, host string, headers ...string) int {
		r := s.request(method, path, "", headers...)
		r.Host = host
		return s.send(r).Code
	}
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST.:1": 200, "api.localhost": 200, "127.0.0.1:8080": 200, "127.9.9.9": 200,
		"[::1]:8080": 200, "[::1]": 200, "shop.test": 200, "Shop.Test:80": 200,
		"evil.test": 421, "": 421, "localhost.evil.test": 421, "192.0.2.1": 421, "shop.test.evil": 421, "0.0.0.0": 421, "[::]": 421,
	} {
		if got := send(http.MethodGet, "/things", host); got != status {
			t.Errorf("host %q: %d, want %d", host, got, status)
		}
		if got := send(http.MethodGet, "/public", host); got != http.StatusOK {
			t.Errorf("host %q, a public route: %d", host, got)
		}
	}
	for _, c := range []struct {
		method  string
		headers []string
		status  int
	}{
		{http.MethodPost, nil, 200},
		{http.MethodPost, []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{http.MethodPost, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{http.MethodPost, []string{"Origin", "https://evil.test"}, 403},
		{http.MethodPost, []string{"Origin", "http://localhost"}, 200},
		{http.MethodGet, []string{"Sec-Fetch-Site", "cross-site"}, 200},
	} {
		if got := send(c.method, "/things", "localhost", c.headers...); got != c.status {
			t.Errorf("%s with %q: %d, want %d", c.method, c.headers, got, c.status)
		}
	}
	for _, name := range []string{"X-Forwarded-For", "Forwarded"} {
		send(http.MethodGet, "/things", "localhost", name, "for=192.0.2.1")
	}
	if n := strings.Count(logs.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings of a proxy:\n%s", n, logs)
	}
}

// TestKeysNeedAuthentication: a key that anyone can make must not be valid once
// authentication is on.
func TestKeysNeedAuthentication(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.handler = newAPI(t, httpapi.Deps{URL: imageURL, Log: slog.New(slog.DiscardHandler)})
	for _, call := range [][3]string{
		{"POST", "/keys", `{"name":"k","scopes":["admin"]}`}, {"GET", "/keys", ""}, {"GET", "/keys/1", ""}, {"DELETE", "/keys/1", ""}, {"POST", "/keys/1/rotate", "{}"},
	} {
		wantProblem(t, s.do(call[0], call[1], call[2]), http.StatusConflict)
	}
}
