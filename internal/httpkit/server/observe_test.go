package server_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/server"
)

// TestObserve: whoever counts requests is told of each, whatever became of it, and whether it is logged or not.
func TestObserve(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		take := func(d time.Duration) { <-time.After(d) }
		h := server.New(server.Config{
			Log: slog.New(slog.DiscardHandler),
			Observe: func(r *http.Request, status int, took time.Duration) {
				got = append(got, fmt.Sprintf("%s %d %v", r.Pattern, status, took))
			},
		}, []server.Route{
			{Method: http.MethodGet, Path: "/quick/{id}", Quiet: true, Handle: func(w http.ResponseWriter, _ *http.Request) error {
				take(2 * time.Second)
				w.WriteHeader(http.StatusNoContent)
				return nil
			}},
			{Method: http.MethodGet, Path: "/kept", Handle: func(w http.ResponseWriter, _ *http.Request) error {
				take(7 * time.Second)
				httpkit.KeptBack(wrapped{w}, 6*time.Second)
				return httpkit.Refuse(http.StatusNotFound, "there is none")
			}},
			{Method: http.MethodGet, Path: "/down", Handle: func(http.ResponseWriter, *http.Request) error {
				return fault.New(fault.Unavailable, "no database")
			}},
			{Method: http.MethodGet, Path: "/panic", Handle: func(http.ResponseWriter, *http.Request) error {
				panic("a defect")
			}},
		})
		for _, path := range []string{"/quick/7", "/kept", "/down", "/panic", "/nowhere"} {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		}
		want := []string{"GET /quick/{id} 204 2s", "GET /kept 404 1s", "GET /down 503 0s", "GET /panic 500 0s", "/ 404 0s"}
		if !slices.Equal(got, want) {
			t.Errorf("observed %q, want %q", got, want)
		}
	})
}

// wrapped is an answer as a route may see it.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }
