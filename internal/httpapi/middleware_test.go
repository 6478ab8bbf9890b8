package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpkit/server"
)

func TestWrongMethod(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for target, allow := range map[string]string{
		"PUT /products":       "GET, HEAD, POST",
		"DELETE /products":    "GET, HEAD, POST",
		"OPTIONS /products":   "GET, HEAD, POST",
		"POST /products/1":    "GET, HEAD, PATCH, DELETE",
		"PUT /products/x":     "GET, HEAD, PATCH, DELETE",
		"POST /healthz":       "GET, HEAD",
		"DELETE /images/a/b":  "GET, HEAD",
		"PATCH /openapi.json": "GET, HEAD",
		"BREW /readyz":        "GET, HEAD",
	} {
		method, path, _ := strings.Cut(target, " ")
		w := s.do(method, path, "")
		wantProblem(t, w, http.StatusMethodNotAllowed)
		wantHeader(t, w, "Allow", allow)
	}
	w := s.do(http.MethodPut, "/nothing", "")
	wantProblem(t, w, http.StatusNotFound)
	wantHeader(t, w, "Allow", "")
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	seen := map[string]bool{}
	for _, id := range []string{"", "with space", "line\nbreak", "<script>", strings.Repeat("x", 65), "é"} {
		w := s.do(http.MethodGet, "/healthz", "", "X-Request-Id", id)
		got := w.Header().Get("X-Request-Id")
		if got == "" || got == id || seen[got] {
			t.Errorf("id %q was answered as %q", id, got)
		}
		seen[got] = true
	}
	own := "Abc-1_2." + strings.Repeat("x", 56)
	wantHeader(t, s.do(http.MethodGet, "/healthz", "", "X-Request-Id", own), "X-Request-Id", own)
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.do(http.MethodPost, "/products", smartphone, "X-Request-Id", "r1")
	s.do(http.MethodHead, "/products/101", "", "X-Request-Id", "r2")
	s.do(http.MethodGet, "/nothing?secret=1", "", "X-Request-Id", "r3")
	s.do(http.MethodGet, "/healthz", "", "X-Request-Id", "r4")
	lines := s.logs.lines(t, "request")
	want := []struct {
		id, level, method, route string
		status, in, out          float64
	}{
		{"r1", "INFO", "POST", "POST /products", 201, float64(len(smartphone)), 60},
		{"r2", "INFO", "HEAD", "GET /products/{id}", 200, 0, 0},
		{"r3", "INFO", "GET", "/", 404, 0, 153},
		{"r4", "DEBUG", "GET", "GET /healthz", 200, 0, 16},
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	for i, w := range want {
		l := lines[i]
		if l["request_id"] != w.id || l["level"] != w.level || l["method"] != w.method || l["route"] != w.route ||
			l["status"] != w.status || l["bytes_in"] != w.in || l["bytes_out"] != w.out ||
			l["duration"] == nil || l["remote"] != "192.0.2.1:1234" {
			t.Errorf("line %d = %v, want %v", i, l, w)
		}
	}
}

// panics is a storage that panics, before or amid an answer.
type panics struct{ amid bool }

func (panics) Stat(context.Context, string) (blob.Info, error) { panic("secret") }

func (p panics) Open(context.Context, string) (blob.Object, error) {
	if !p.amid {
		panic("secret")
	}
	return blob.Object{Info: blob.Info{Key: "a", Bytes: 10, ContentType: "image/png"}, Body: p}, nil
}

func (panics) Read([]byte) (int, error) { panic("secret") }
func (panics) Close() error             { return nil }

func newPanickingSetup(t *testing.T, amid bool) *setup {
	t.Helper()
	s := newSetup(t)
	s.handler = newAPI(t, httpapi.Deps{Views: s.views, Images: panics{amid}, URL: imageURL, Log: slog.New(slog.NewJSONHandler(s.logs, nil))})
	return s
}

func TestPanic(t *testing.T) {
	t.Parallel()
	s := newPanickingSetup(t, false)
	w := s.do(http.MethodGet, "/images/a", "")
	wantProblem(t, w, http.StatusInternalServerError)
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("internals in the answer: %s", w.Body)
	}
	lines := s.logs.lines(t, "handler panicked")
	if len(lines) != 1 || lines[0]["error"] != "secret" || !strings.Contains(lines[0]["stack"].(string), "middleware_test.go") {
		t.Errorf("log = %v", lines)
	}
	if lines := s.logs.lines(t, "request"); len(lines) != 1 || lines[0]["status"] != 500. {
		t.Errorf("access log = %v", lines)
	}
}

func TestPanicAmidAnswer(t *testing.T) {
	t.Parallel()
	s := newPanickingSetup(t, true)
	server := httptest.NewServer(s.handler)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/images/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := server.Client().Do(r); err == nil {
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err == nil {
			t.Errorf("half an answer arrived as %q without an error", body)
		}
	}
}

// TestSlowStore: a database that does not answer ends in 503, not in a
// connection that hangs.
func TestSlowStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t)
		s.store.Block()
		start := time.Now()
		w := s.do(http.MethodPost, "/products", smartphone)
		wantProblem(t, w, http.StatusServiceUnavailable)
		wantHeader(t, w, "Retry-After", "5")
		if took := time.Since(start); took != 15*time.Second {
			t.Errorf("the answer took %v", took)
		}
	})
}

// TestClientGone: a client that disconnects is not logged as an error.
func TestClientGone(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.store.Block()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.send(httptest.NewRequestWithContext(ctx, http.MethodGet, "/products/1", nil))
	if lines := s.logs.lines(t, "request failed"); len(lines) != 1 || lines[0]["level"] != "DEBUG" {
		t.Errorf("log = %v", lines)
	}
}

func TestServerLimits(t *testing.T) {
	t.Parallel()
	s := server.DefaultLimits().Server(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 15*time.Second || s.IdleTimeout <= 0 ||
		s.MaxHeaderBytes <= 0 || s.ErrorLog == nil {
		t.Errorf("a limit is not set: %+v", s)
	}
}
