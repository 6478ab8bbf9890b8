package httpapi_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"vitrine.dev/internal/httpapi"
)

// TestConsoleHasItsPaths: what is below /console is the console's, on both listeners, and pages of no other
// site are let in there.
func TestConsoleHasItsPaths(t *testing.T) {
	t.Parallel()
	const origin = "https://shop.example"
	deps := httpapi.Deps{
		Log: slog.New(slog.DiscardHandler), Signing: newSigning(), URL: imageURL, Origins: []string{origin},
		Console: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "console "+r.URL.Path) }),
	}
	for name, handler := range map[string]http.Handler{"API": httpapi.New(deps), "admin": httpapi.NewAdmin(deps)} {
		for path, want := range map[string]bool{"/console": true, "/console/failed": true, "/consoles": false, "/consol": false, "/healthz": false} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
			r.Header.Set("Origin", origin)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if got := w.Body.String() == "console "+path; got != want {
				t.Errorf("%s %s: %d %s", name, path, w.Code, w.Body)
			}
			if got := w.Header().Get("Access-Control-Allow-Origin"); want && got != "" {
				t.Errorf("%s %s may be read by pages of %s", name, path, got)
			}
			if w.Header().Get("X-Request-Id") == "" {
				t.Errorf("%s %s has no request id", name, path)
			}
		}
	}
}
