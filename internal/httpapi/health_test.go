package httpapi_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/httpapi"
)

func up(context.Context) error   { return nil }
func down(context.Context) error { return errTest }

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newSetup(t, httpapi.Part{Name: "database", Required: true, Check: down})
	w := s.do(http.MethodGet, "/healthz", "")
	wantStatus(t, w, http.StatusOK)
	wantBody(t, w, `{"status":"ok"}`)
	wantHeader(t, w, "Cache-Control", "no-store")
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		database, cache func(context.Context) error
		status          int
		want            string
	}{
		"ready":       {up, up, 200, `{"status":"ready","parts":{"cache":{"status":"ok"},"database":{"status":"ok"}}}`},
		"degraded":    {up, down, 200, `{"status":"degraded","parts":{"cache":{"status":"down"},"database":{"status":"ok"}}}`},
		"unavailable": {down, up, 503, `{"status":"unavailable","parts":{"cache":{"status":"ok"},"database":{"status":"down"}}}`},
		"all down":    {down, down, 503, `{"status":"unavailable","parts":{"cache":{"status":"down"},"database":{"status":"down"}}}`},
	} {
		for _, order := range []bool{false, true} {
			parts := []httpapi.Part{{Name: "database", Required: true, Check: tc.database}, {Name: "cache", Check: tc.cache}}
			if order {
				parts[0], parts[1] = parts[1], parts[0]
			}
			s := newSetup(t, parts...)
			w := s.do(http.MethodGet, "/readyz", "")
			if w.Code != tc.status {
				t.Errorf("%s: status %d, want %d", name, w.Code, tc.status)
			}
			wantBody(t, w, tc.want)
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("%s: internals in the answer: %s", name, w.Body)
			}
		}
	}
	wantBody(t, newSetup(t).do(http.MethodGet, "/readyz", ""), `{"status":"ready","parts":{}}`)
}

// TestStopping: an API that is about to end answers, and says so.
func TestStopping(t *testing.T) {
	t.Parallel()
	s := newSetup(t, httpapi.Part{Name: "database", Required: true, Check: up})
	wantHeader(t, s.do(http.MethodGet, "/healthz", ""), "Connection", "")
	s.stopping.Store(true)
	w := s.do(http.MethodGet, "/readyz", "")
	wantStatus(t, w, http.StatusServiceUnavailable)
	wantBody(t, w, `{"status":"stopping","parts":{"database":{"status":"ok"}}}`)
	w = s.do(http.MethodGet, "/healthz", "")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Connection", "close")
}

// TestReadinessDoesNotHang: parts are checked at once, and one that hangs,
// even deaf to its context, is down.
func TestReadinessDoesNotHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		deaf := func(context.Context) error { <-release; return nil }
		slow := func(ctx context.Context) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		s := newSetup(t, httpapi.Part{Name: "deaf", Check: deaf}, httpapi.Part{Name: "a", Check: slow},
			httpapi.Part{Name: "b", Check: slow}, httpapi.Part{Name: "c", Check: slow})
		start := time.Now()
		w := s.do(http.MethodGet, "/readyz", "")
		wantBody(t, w, `{"status":"degraded","parts":{"a":{"status":"ok"},"b":{"status":"ok"},"c":{"status":"ok"},"deaf":{"status":"down"}}}`)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("the answer took %v", took)
		}
	})
}
