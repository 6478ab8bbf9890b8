package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/monitor"
)

func up(context.Context) error   { return nil }
func down(context.Context) error { return errTest }

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newSetup(t, monitor.Part{Name: "database", Need: monitor.Reads, Ping: down})
	w := s.do(http.MethodGet, "/healthz", "")
	wantStatus(t, w, http.StatusOK)
	wantBody(t, w, `{"status":"ok"}`)
	wantHeader(t, w, "Cache-Control", "no-store")
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	database := func(ping, probe func(context.Context) error) monitor.Part {
		return monitor.Part{Name: "database", Need: monitor.Reads, Readable: true, Ping: ping, Probe: probe}
	}
	cache := func(ping func(context.Context) error) monitor.Part { return monitor.Part{Name: "cache", Ping: ping} }
	for name, tc := range map[string]struct {
		parts  []monitor.Part
		status int
		want   string
	}{
		"ready":       {[]monitor.Part{database(up, up), cache(up)}, 200, `{"status":"ready","parts":{"cache":{"status":"ok"},"database":{"status":"ok"}}}`},
		"degraded":    {[]monitor.Part{database(up, up), cache(down)}, 200, `{"status":"degraded","parts":{"cache":{"status":"down"},"database":{"status":"ok"}}}`},
		"read-only":   {[]monitor.Part{database(up, down), cache(up)}, 200, `{"status":"degraded","parts":{"cache":{"status":"ok"},"database":{"status":"read_only"}}}`},
		"unavailable": {[]monitor.Part{database(down, up), cache(up)}, 503, `{"status":"unavailable","parts":{"cache":{"status":"ok"},"database":{"status":"down"}}}`},
		"no parts":    {nil, 200, `{"status":"ready","parts":{}}`},
	} {
		s := newSetup(t, tc.parts...)
		w := s.do(http.MethodGet, "/readyz", "")
		if w.Code != tc.status || (w.Header().Get("Retry-After") != "") != (tc.status == 503) {
			t.Errorf("%s: status %d, want %d, Retry-After %q", name, w.Code, tc.status, w.Header().Get("Retry-After"))
		}
		wantBody(t, w, tc.want)
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: internals in the answer: %s", name, w.Body)
		}
	}
}

// TestStopping: an API that is about to end answers, and says so.
func TestStopping(t *testing.T) {
	t.Parallel()
	s := newSetup(t, monitor.Part{Name: "database", Need: monitor.Reads, Ping: up})
	wantHeader(t, s.do(http.MethodGet, "/healthz", ""), "Connection", "")
	s.stopping.Store(true)
	w := s.do(http.MethodGet, "/readyz", "")
	wantStatus(t, w, http.StatusServiceUnavailable)
	wantBody(t, w, `{"status":"stopping","parts":{"database":{"status":"ok"}}}`)
	w = s.do(http.MethodGet, "/healthz", "")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Connection", "close")
}

// TestAdmin: the operators' address tells of the process and of nothing else.
func TestAdmin(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	stopping := false
	h := httpapi.NewAdmin(httpapi.Deps{
		Ready: ready(log, monitor.Part{Name: "queue", Need: monitor.Writes, Ping: down}), Log: log,
		Stopping: func() bool { return stopping },
	})
	do := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody))
		return w
	}
	wantBody(t, do(http.MethodGet, "/healthz"), `{"status":"ok"}`)
	w := do(http.MethodGet, "/readyz")
	wantStatus(t, w, http.StatusServiceUnavailable)
	wantBody(t, w, `{"status":"unavailable","parts":{"queue":{"status":"down"}}}`)
	for _, path := range []string{"/products", "/products/1", "/dead-letters", "/openapi.json", "/images/a"} {
		wantStatus(t, do(http.MethodGet, path), http.StatusNotFound)
	}
	wantStatus(t, do(http.MethodPost, "/readyz"), http.StatusMethodNotAllowed)
	stopping = true
	wantBody(t, do(http.MethodGet, "/readyz"), `{"status":"stopping","parts":{"queue":{"status":"down"}}}`)
}
