package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/monitor"
)

// errInternals is an error that says all that a client must not read.
var errInternals = errors.New(`pgx: ERROR: relation "users" does not exist (SQLSTATE 42P01): SELECT password FROM users; ` +
	`dial tcp 10.1.2.3:5432: connect: connection refused; open /var/lib/vitrine/vitrine.db: permission denied; ` +
	`postgres://vitrine:hunter2@db.internal/vitrine; goroutine 7 [running]: main.go:42`)

// internals matches parts of that, of what Go says of itself, and of our paths.
var internals = regexp.MustCompile(`pgx|relation|SQLSTATE|SELECT |dial tcp|10\.1\.2\.3|refused|/var/|hunter2|` +
	`db\.internal|goroutine|\.go\b|runtime error|nil pointer|panic|sqlstore|context canceled|deadline exceeded`)

// requests makes one good request of every route, and one that a key protects.
func (s *setup) requests() map[string]*http.Request {
	s.t.Helper()
	fill := regexp.MustCompile(`\{(\w+)(\.\.\.)?\}`)
	all := map[string]*http.Request{
		"create once": s.request(http.MethodPost, "/products", smartphone, "Idempotency-Key", "k"),
	}
	for _, route := range httpapi.Routes() {
		path := fill.ReplaceAllStringFunc(route[1], func(name string) string {
			if name == "{key...}" {
				return "a/b"
			}
			return "101"
		})
		body := map[string]string{http.MethodPost: smartphone, http.MethodPut: smartphone, http.MethodPatch: `{"product_name":"x"}`}[route[0]]
		all[route[0]+" "+route[1]] = s.request(route[0], path, body)
	}
	all["HEAD image"] = s.request(http.MethodHead, "/images/a/b", "")
	return all
}

// TestNothingInternalIsAnswered drives every route into every kind of failure
// of what is below it, and reads the answers.
func TestNothingInternalIsAnswered(t *testing.T) {
	t.Parallel()
	failures := map[string]error{
		"unclassified": errInternals,
		"wrapped":      fmt.Errorf("create product: %w", errInternals),
		"joined":       errors.Join(errInternals, errInternals),
	}
	for _, kind := range []fault.Kind{
		fault.Internal, fault.Invalid, fault.NotFound, fault.Stale, fault.Conflict, fault.Unavailable,
	} {
		failures[kind.String()] = fmt.Errorf("operation: %w", fault.Wrap(kind, "a message for clients", errInternals))
	}
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			s.store.Fail(failure)
			s.images.failure = failure
			deps := s.deps(catalog.NewService(s.store, s.views, catalog.DefaultKeyTTL), failure)
			s.handler = httpapi.New(deps) // not as described: a list, for one, has no 404
			for route, r := range s.requests() {
				s.wantClean(route, r)
			}
			if lines := s.logs.lines(t, "request failed"); len(lines) == 0 {
				t.Error("nothing failed")
			}
		})
	}
}

// TestPanicsAreNotAnswered has nothing but nil below the handlers.
func TestPanicsAreNotAnswered(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	deps := s.deps(catalog.NewService(nil, s.views, catalog.DefaultKeyTTL), nil)
	deps.Images = nil
	s.handler = newAPI(t, deps)
	for route, r := range s.requests() {
		s.wantClean(route, r)
	}
	if lines := s.logs.lines(t, "handler panicked"); len(lines) < 6 {
		t.Errorf("%d handlers panicked, want every one that needs the store or the images", len(lines))
	}
}

// deps is an API over these parts, whose readiness fails with the error.
func (s *setup) deps(service *catalog.Service, failure error) httpapi.Deps {
	check := func(context.Context) error { return failure }
	log := slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return httpapi.Deps{
		Service: service, Views: s.views, Images: s.images, URL: imageURL, Signing: newSigning(),
		Ready: ready(log, monitor.Part{Name: "database", Need: monitor.Reads, Ping: check}, monitor.Part{Name: "storage", Probe: check}),
		Log:   log,
	}
}

func (s *setup) wantClean(route string, r *http.Request) (status int) {
	s.t.Helper()
	w := s.send(r)
	answer := fmt.Sprint(w.Header(), w.Body.String())
	if w.Code >= http.StatusBadRequest && internals.MatchString(answer) {
		s.t.Errorf("%s answered %d with %q: %s", route, w.Code, internals.FindString(answer), answer)
	}
	if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		s.t.Errorf("%s answered 503 without Retry-After", route)
	}
	return w.Code
}

// TestRefusalsSayNothingInternal does the same with invalid requests.
func TestRefusalsSayNothingInternal(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	deps := s.deps(catalog.NewService(s.store, s.views, catalog.DefaultKeyTTL), nil)
	bad := map[string]*http.Request{}
	for i, body := range []string{"", "{", "[]", `{"user_id":"x"}`, "\xff", with("user_id", "3"), strings.Repeat("[", 20_000)} {
		bad[fmt.Sprint("create ", i)] = s.request(http.MethodPost, "/products", body)
		bad[fmt.Sprint("change ", i)] = s.request(http.MethodPatch, "/products/101", body)
	}
	for i, target := range []string{
		"/products/0", "/products/x", "/products?limit=0", "/products?cursor=x", "/products?price_min=x", "/nothing",
		"/images/%00", "/images/..%2f..%2fetc%2fpasswd", "/products?product_name=%ff",
	} {
		bad[fmt.Sprint("read ", i)] = s.request(http.MethodGet, target, "")
	}
	bad["key"] = s.request(http.MethodPost, "/products", smartphone, "Idempotency-Key", strings.Repeat("k", 300))
	bad["tags"] = s.request(http.MethodDelete, "/products/101", "", "If-Match", `"`)
	bad["type"] = s.request(http.MethodPost, "/products", smartphone, "Content-Type", "x/../../y")
	s.handler = newAPI(t, deps)
	for route, r := range bad {
		if status := s.wantClean(route, r); status < 400 || status >= 500 {
			t.Errorf("%s answered %d", route, status)
		}
	}
}
