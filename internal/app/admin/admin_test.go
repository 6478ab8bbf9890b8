package admin_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/app/admin"
)

func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) })
}

func TestHandler(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]string{ // without profiles and with
		"/healthz":                  {"health", "health"},
		"/metrics":                  {"metrics", "metrics"},
		"/debug/pprof/":             {"health", "goroutine"},
		"/debug/pprof/heap?debug=1": {"health", "heap profile"},
		"/debug/pprof/cmdline":      {"health", "admin.test"},
		"/debug/pprof/symbol":       {"health", "num_symbols"},
		"/debug/pprof/profile/x":    {"health", "Unknown profile"},
	} {
		for n, profiles := range []bool{false, true} {
			w := httptest.NewRecorder()
			admin.Handler(text("health"), text("metrics"), profiles).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
			if !strings.Contains(w.Body.String(), want[n]) {
				t.Errorf("%s, profiles %t: %d %.200q, want %q", path, profiles, w.Code, w.Body, want[n])
			}
		}
	}
}

// TestProfilesTakeTheirTime: they are longer than the time-outs of the server.
func TestProfilesTakeTheirTime(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(admin.Handler(text("health"), text("metrics"), true))
	s.Config.ReadTimeout, s.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	s.Start()
	defer s.Close()
	began := time.Now()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/debug/pprof/trace?seconds=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || len(body) == 0 || time.Since(began) < time.Second {
		t.Errorf("after %v: %d, %d bytes, %v", time.Since(began), answer.StatusCode, len(body), err)
	}
}
