package httpapi_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/cache/memory"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/logbuffer"
	"vitrine.dev/internal/metrics"
	"vitrine.dev/internal/tracing"
)

const (
	hitProduct = "/products/17"
	hitList    = "/products?user_id=1&price_min=1&price_max=1000&product_name=phone&limit=20"
)

// hits is an API as the program serves it, with authentication, metrics and an access log, which
// has answered both before: nothing is asked of the database any more.
type hits struct {
	handler  http.Handler
	service  *catalog.Service
	accounts *auth.Accounts
	secret   string
}

func newHits(tb testing.TB) *hits {
	tb.Helper()
	engine, err := memory.New(memory.DefaultConfig())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = engine.Close() })
	lines := logbuffer.New(io.Discard)
	log := slog.New(tracing.LogHandler(lines.Handler(slog.NewJSONHandler(lines, nil), slog.LevelWarn))).With("role", "serve")
	read, err := readthrough.New(engine, readthrough.DefaultConfig(), log)
	if err != nil {
		tb.Fatal(err)
	}
	store, views := openSQLite(tb), catalog.NewViews(read, catalog.FixedEpoch("e"), log)
	h := &hits{service: catalog.NewService(store, views, catalog.DefaultKeyTTL), accounts: auth.NewAccounts(store)}
	h.handler = httpapi.New(httpapi.Deps{
		Service: h.service, Views: views,
		Images: &images{}, URL: imageURL, Accounts: h.accounts, HasKeys: true, Signing: newSigning(),
		Authorize: guard.New(auth.NewAuthenticator(store, log), nil).Authorize, Console: http.NotFoundHandler(),
		Observe: metrics.New(metrics.Build{}).Requests.Observe, Log: log,
	})
	h.secret = h.key(tb, 1)
	for i := range 30 {
		h.create(tb, fmt.Sprintf("Smartphone %d", i), catalog.Price(1000+i))
	}
	for _, target := range []string{hitProduct, hitList} {
		if status := h.send(h.request(tb, target), &discard{header: make(http.Header, 8)}); status != http.StatusOK {
			tb.Fatalf("%s = %d", target, status)
		}
	}
	return h
}

// key is a new one of the user.
func (h *hits) key(tb testing.TB, user int64) string {
	tb.Helper()
	key, err := h.accounts.CreateKey(tb.Context(), auth.Everyone(), auth.KeyDraft{UserID: user, Name: "k", Scopes: auth.Scopes{auth.ProductsRead, auth.ProductsWrite}})
	if err != nil {
		tb.Fatal(err)
	}
	return key.Secret
}

// user is a new one.
func (h *hits) user(tb testing.TB) int64 {
	tb.Helper()
	u, err := h.accounts.AddUser(tb.Context(), auth.Everyone(), auth.UserDraft{Name: "another"})
	if err != nil {
		tb.Fatal(err)
	}
	return u.ID
}

// create makes a product of the first user.
func (h *hits) create(tb testing.TB, name string, price catalog.Price) {
	tb.Helper()
	if _, err := h.service.Create(tb.Context(), auth.Everyone(), catalog.Draft{UserID: 1, Name: name, Price: price}); err != nil {
		tb.Fatal(err)
	}
}

func (h *hits) request(tb testing.TB, target string) *http.Request {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodGet, target, http.NoBody)
	r.Header = http.Header{
		"Authorization": {"Bearer " + h.secret}, "User-Agent": {"bench/1"}, "Accept": {"application/json"}, "X-Request-Id": {"0123456789abcdef"},
	}
	return r
}

func (h *hits) send(r *http.Request, w *discard) int {
	w.status = 0
	clear(w.header)
	r.Body = http.NoBody
	h.handler.ServeHTTP(w, r)
	return w.status
}

// TestHitsAllocateLittle: what a cached read allocates beside the connection is bounded. More of it is time of
// the garbage collector, above all.
//
//nolint:paralleltest // allocations are counted
func TestHitsAllocateLittle(t *testing.T) {
	h := newHits(t)
	for target, most := range map[string]float64{hitProduct: 18, hitList: 18} {
		r, w := h.request(t, target), &discard{header: make(http.Header, 8)}
		allocations := make([]float64, 501) // one by one: others may allocate meanwhile
		for i := range allocations {
			allocations[i] = testing.AllocsPerRun(1, func() { h.send(r, w) })
		}
		slices.Sort(allocations)
		if got := allocations[len(allocations)/2]; w.status != http.StatusOK || got > most+forgotten {
			t.Errorf("%s = %d, %v allocations, at most %v", target, w.status, got, most+forgotten)
		}
	}
}

// TestListAgain: a list that is asked for again in the same words is the same answer to the same key, and
// no other to another one.
func TestListAgain(t *testing.T) {
	t.Parallel()
	h := newHits(t)
	ask := func(target, secret string, headers ...string) *httptest.ResponseRecorder {
		r := h.request(t, target)
		r.Header.Set("Authorization", "Bearer "+secret)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		return w
	}
	const own = "/products?price_min=1&product_name=PHONE&limit=20&sort=price"
	first, second := ask(own, h.secret), ask(own, h.secret)
	wantStatus(t, first, http.StatusOK)
	if !reflect.DeepEqual(first.Header(), second.Header()) || first.Body.String() != second.Body.String() {
		t.Errorf("%v %s\nagain: %v %s", first.Header(), first.Body, second.Header(), second.Body)
	}
	next, _, found := strings.Cut(strings.TrimPrefix(second.Header().Get("Link"), "<"), ">")
	if !found {
		t.Fatalf("no next page: %v", second.Header())
	}
	for range 2 {
		if w := ask(next, h.secret); w.Code != http.StatusOK || strings.Count(w.Body.String(), `"id":`) != 10 {
			t.Errorf("the next page: %d %s", w.Code, w.Body)
		}
	}
	if w := ask(own, h.secret, "Accept", "application/x-ndjson"); !strings.HasPrefix(w.Header().Get("Content-Type"), "application/x-ndjson") {
		t.Errorf("on lines: %d %v", w.Code, w.Header())
	}
	if w := ask(own, h.secret, "Prefer", "count=exact"); w.Header().Get("X-Total-Count") != "30" {
		t.Errorf("counted: %d %v", w.Code, w.Header())
	}
	another := h.key(t, h.user(t))
	for range 2 {
		wantBody(t, ask(own, another), "[]")
		wantStatus(t, ask(hitList, another), http.StatusForbidden)
		wantStatus(t, ask(own+"&colour=red", h.secret), http.StatusUnprocessableEntity)
	}
	h.create(t, "Phone of all phones", 200)
	if w := ask(own, h.secret); !strings.Contains(w.Body.String(), "Phone of all phones") {
		t.Errorf("after a change: %s", w.Body)
	}
}

// usedCPU is what this process has used.
func usedCPU(tb testing.TB) time.Duration {
	tb.Helper()
	var use unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &use); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkHit is what a cached read costs beside the connection.
func BenchmarkHit(b *testing.B) {
	h := newHits(b)
	for name, target := range map[string]string{"product": hitProduct, "list": hitList} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r, w := h.request(b, target), &discard{header: make(http.Header, 8)}
			before := usedCPU(b)
			for b.Loop() {
				if status := h.send(r, w); status != http.StatusOK {
					b.Fatalf("%s = %d", target, status)
				}
			}
			b.ReportMetric(float64((usedCPU(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}
