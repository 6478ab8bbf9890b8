package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/logtest"
	"vitrine.dev/internal/monitor"
	"vitrine.dev/internal/signing"
)

const smartphone = `{"user_id":1,"product_name":"Smartphone","product_description":"Latest model with advanced features",` +
	`"product_images":["https://example.com/image1.jpg","https://example.com/image2.jpg"],"product_price":999.99}`

var errTest = errors.New("secret of the database")

// setup is an API over stand-ins.
type setup struct {
	t       *testing.T
	handler http.Handler
	// unchecked is the same, and holds no answer against the description.
	unchecked http.Handler
	store     *catalogfake.Store
	cache     *catalogfake.Cache
	views     *catalog.Views
	images    *images
	logs      *logs

	stopping atomic.Bool
}

func newSetup(t *testing.T, parts ...monitor.Part) *setup {
	t.Helper()
	s := &setup{t: t, store: catalogfake.NewStore(), cache: catalogfake.NewCache(), images: &images{}, logs: &logs{}}
	log := slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.views = catalog.NewViews(s.cache, catalog.FixedEpoch("e"), log)
	deps := httpapi.Deps{
		Service: catalog.NewService(s.store, s.views, catalog.DefaultKeyTTL), Views: s.views,
		Images: s.images, URL: imageURL, Accounts: auth.NewAccounts(noAudit{}), HasKeys: true, Signing: newSigning(), Ready: ready(log, parts...), Stopping: s.stopping.Load, Log: log,
	}
	s.handler, s.unchecked = newAPI(t, deps), httpapi.New(deps)
	return s
}

// newSigning are the keys of an installation of its own.
func newSigning() *signing.Keys {
	return signing.New(oneSecret(signing.NewSecret()), slog.New(slog.DiscardHandler))
}

type oneSecret signing.Secret

func (s oneSecret) SigningKeys(context.Context, signing.Secret) ([]signing.Key, error) {
	return []signing.Key{{Secret: signing.Secret(s)}}, nil
}

// noAudit is an auth.Store that no test asks for users or keys.
type noAudit struct{ auth.Store }

func (noAudit) AppendAudit(context.Context, auth.Entry) error { return nil }

// ready is what a monitor of the parts says.
func ready(log *slog.Logger, parts ...monitor.Part) func(context.Context) monitor.Report {
	var checks []*monitor.Check
	for _, p := range parts {
		checks = append(checks, monitor.NewCheck(p))
	}
	return monitor.New(log, checks...).Check
}

func imageURL(key string) string { return "http://shop.test/images/" + key }

// do sends a request. Pairs of headers follow the body.
func (s *setup) do(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.send(s.request(method, target, body, headers...))
}

func (s *setup) request(method, target, body string, headers ...string) *http.Request {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	if method == http.MethodPost || method == http.MethodPatch || method == http.MethodPut {
		r.Header.Set("Content-Type", "application/json")
	}
	if r.URL.Path == "/imports" {
		r.Header.Set("Content-Type", typeLines)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return r
}

func (s *setup) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// create makes a product and returns its path.
func (s *setup) create(body string) string {
	s.t.Helper()
	w := s.do(http.MethodPost, "/products", body)
	wantStatus(s.t, w, http.StatusCreated)
	return w.Header().Get("Location")
}

type problem struct {
	Type     string `json:"type"`
	Code     string `json:"code"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail"`
	Instance string `json:"instance"`
	Errors   []struct {
		Field     string  `json:"field"`
		Reason    string  `json:"reason"`
		Pointer   *string `json:"pointer"`
		Parameter *string `json:"parameter"`
	} `json:"errors"`
	Violated []string `json:"violated-policies"`
}

// errors are the invalid fields with their reasons, as "field reason".
func (p problem) errors() (list []string) {
	for _, e := range p.Errors {
		list = append(list, e.Field+" "+e.Reason)
	}
	return list
}

func wantStatus(t *testing.T, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status = %d, want %d; body: %s", w.Code, status, w.Body)
	}
}

// wantProblem checks that the answer is a complete problem of the status.
func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int) problem {
	t.Helper()
	wantStatus(t, w, status)
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type = %q", got)
	}
	d := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	d.DisallowUnknownFields()
	var p problem
	if err := d.Decode(&p); err != nil {
		t.Fatalf("the body is no problem: %v: %s", err, w.Body)
	}
	id := w.Header().Get("X-Request-Id")
	if p.Status != status || p.Detail == "" || p.Instance != id || id == "" {
		t.Errorf("problem = %+v, request id %q", p, id)
	}
	if !slices.ContainsFunc(httpkit.ProblemKinds(), func(k httpkit.ProblemKind) bool {
		return k.Name == p.Code && k.Type() == p.Type && k.Title == p.Title && k.Status == status
	}) {
		t.Errorf("problem of no known kind: %+v", p)
	}
	for _, e := range p.Errors {
		if (e.Pointer == nil) == (e.Parameter == nil) {
			t.Errorf("error %+v has no place, or two", e)
		}
	}
	return p
}

func wantHeader(t *testing.T, w *httptest.ResponseRecorder, name, want string) {
	t.Helper()
	if got := w.Header().Get(name); got != want {
		t.Errorf("%s = %q, want %q", name, got, want)
	}
}

// wantVersion asserts that the entity tag is of the version.
func wantVersion(t *testing.T, w *httptest.ResponseRecorder, version int64) {
	t.Helper()
	tag := w.Header().Get("ETag")
	rest, found := strings.CutPrefix(tag, fmt.Sprintf(`"%d.`, version))
	if revision, end, two := strings.Cut(rest, "."); !found || !two || revision == "" || len(end) != 9 {
		t.Errorf("ETag = %s, want version %d", tag, version)
	}
}

func wantBody(t *testing.T, w *httptest.ResponseRecorder, want string) {
	t.Helper()
	if got := strings.TrimSuffix(w.Body.String(), "\n"); got != want {
		t.Errorf("body = %s\nwant   %s", got, want)
	}
}

// images are stored objects in memory; opaque ones cannot be sought in.
type images struct {
	objects map[string]string
	opaque  bool
	broken  bool // fails in the middle; opaque ones only
	failure error
}

var modified = time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC)

func (i *images) Stat(_ context.Context, key string) (blob.Info, error) {
	if i.failure != nil {
		return blob.Info{}, i.failure
	}
	content, ok := i.objects[key]
	if !ok {
		return blob.Info{}, fault.New(fault.NotFound, "no such object")
	}
	return blob.Info{Key: key, Bytes: int64(len(content)), ContentType: "image/webp", Modified: modified}, nil
}

func (i *images) Open(ctx context.Context, key string) (blob.Object, error) {
	info, err := i.Stat(ctx, key)
	if err != nil {
		return blob.Object{}, err
	}
	reader := strings.NewReader(i.objects[key])
	if i.broken {
		half := io.MultiReader(io.LimitReader(reader, info.Bytes/2), iotest.ErrReader(errTest))
		return blob.Object{Info: info, Body: io.NopCloser(half)}, nil
	}
	if i.opaque {
		return blob.Object{Info: info, Body: io.NopCloser(io.MultiReader(reader))}, nil
	}
	return blob.Object{Info: info, Body: seekCloser{reader}}, nil
}

type seekCloser struct{ *strings.Reader }

func (seekCloser) Close() error { return nil }

// logs collects log lines.
type logs struct{ logtest.Buffer }

// lines returns the lines with the message.
func (l *logs) lines(t *testing.T, message string) (lines []map[string]any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(l.String()))
	for d.More() {
		var line map[string]any
		if err := d.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line["msg"] == message {
			lines = append(lines, line)
		}
	}
	return lines
}
