package httpapi_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/sqlstore"
)

// newSQLiteSetup is newSetup over a real database.
func newSQLiteSetup(t *testing.T) *setup {
	t.Helper()
	s := &setup{t: t, cache: catalogfake.NewCache(), images: &images{}, logs: &logs{}}
	log := slog.New(slog.NewJSONHandler(s.logs, nil))
	s.views = catalog.NewViews(s.cache, catalog.FixedEpoch("e"), log)
	s.handler = newAPI(t, httpapi.Deps{
		Service: catalog.NewService(openSQLite(t), s.views, catalog.DefaultKeyTTL), Views: s.views,
		Images: s.images, URL: imageURL, Log: log,
	})
	return s
}

func openSQLite(tb testing.TB) *sqlstore.Store {
	tb.Helper()
	store, err := sqlstore.OpenSQLite(tb.Context(), filepath.Join(tb.TempDir(), "test.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := store.Close(); err != nil {
			tb.Error(err)
		}
	})
	if _, err := store.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return store
}

// TestSQLiteLife follows a product from its creation to its end.
func TestSQLiteLife(t *testing.T) {
	t.Parallel()
	s := newSQLiteSetup(t)
	path := s.create(smartphone)
	for range 2 {
		w := s.do(http.MethodGet, path, "")
		wantStatus(t, w, http.StatusOK)
		wantVersion(t, w, 1)
		if got := w.Body.String(); !strings.Contains(got, `"product_images":["https://example.com/image1.jpg","https://example.com/image2.jpg"],"compressed_product_images":[],"product_price":999.99,`) {
			t.Errorf("body = %s", got)
		}
	}
	w := s.do(http.MethodPatch, path, `{"product_name":"Grüße","product_images":["https://example.com/image2.jpg"]}`, "If-Match", `"1"`)
	wantStatus(t, w, http.StatusOK)
	wantVersion(t, w, 2)
	patched := w.Body.String()
	if got := s.do(http.MethodGet, path, "").Body.String(); got != patched {
		t.Errorf("read %s after a change to %s", got, patched)
	}
	for _, tags := range []string{`"1"`, `W/"2"`, `"x"`} {
		wantProblem(t, s.do(http.MethodPatch, path, `{"product_name":"x"}`, "If-Match", tags), http.StatusPreconditionFailed)
		wantProblem(t, s.do(http.MethodDelete, path, "", "If-Match", tags), http.StatusPreconditionFailed)
	}
	wantStatus(t, s.do(http.MethodDelete, path, "", "If-Match", `"1", "2"`), http.StatusNoContent)
	wantProblem(t, s.do(http.MethodGet, path, ""), http.StatusNotFound)
	wantProblem(t, s.do(http.MethodDelete, path, "", "If-Match", "*"), http.StatusNotFound)
	wantBody(t, s.do(http.MethodGet, "/products?user_id=1", ""), "[]")
}

func TestSQLitePricesAreExact(t *testing.T) {
	t.Parallel()
	s := newSQLiteSetup(t)
	for _, price := range []string{"999.99", "0.1", "1.15", "123456789012.99", "9999999999999.99", "0", "0.01"} {
		path := s.create(with("product_price", price))
		if got := s.do(http.MethodGet, path, "").Body.String(); !strings.Contains(got, `"product_price":`+price+`,`) {
			t.Errorf("%s came out as %s", price, got)
		}
		list := s.do(http.MethodGet, "/products?user_id=1&price_min="+price+"&price_max="+price, "")
		if got := ids(t, list); len(got) != 1 || !strings.Contains(list.Body.String(), `"product_price":`+price+`,`) {
			t.Errorf("the filter on %s found %s", price, list.Body)
		}
	}
}

func TestSQLiteRefuses(t *testing.T) {
	t.Parallel()
	s := newSQLiteSetup(t)
	p := wantProblem(t, s.do(http.MethodPost, "/products", with("user_id", "77")), http.StatusUnprocessableEntity)
	if got := p.errors(); !slices.Equal(got, []string{"user_id is not a known user"}) {
		t.Errorf("errors = %q", got)
	}
	p = wantProblem(t, s.do(http.MethodPost, "/products", `{"user_id":77,"product_name":"","product_price":1}`), http.StatusUnprocessableEntity)
	if got := p.errors(); !slices.Equal(got, []string{"product_name must not be empty", "user_id is not a known user"}) {
		t.Errorf("errors = %q", got)
	}
	wantBody(t, s.do(http.MethodGet, "/products?user_id=1", ""), "[]")
}

func TestSQLitePages(t *testing.T) {
	t.Parallel()
	s := newSQLiteSetup(t)
	for i := range 7 {
		s.create(with("product_name", fmt.Sprintf(`"100%% Straße_%d"`, i)))
	}
	s.create(with("product_name", `"another"`))
	const query = "user_id=1&limit=3&product_name=%25+STRASSE_"
	var seen []int64
	for next := "/products?" + query; next != ""; {
		w := s.do(http.MethodGet, next, "")
		seen = append(seen, ids(t, w)...)
		next = nextOf(t, w.Header().Get("Link"), query)
	}
	if len(seen) != 7 || !slices.IsSortedFunc(seen, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("pages = %v", seen)
	}
}

// TestSQLiteConcurrentPatches: no change is lost and none lands twice.
func TestSQLiteConcurrentPatches(t *testing.T) {
	t.Parallel()
	s := newSQLiteSetup(t)
	path := s.create(with("", ""))
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			w := s.do(http.MethodPatch, path, fmt.Sprintf(`{"product_name":"name %d"}`, i))
			if w.Code != http.StatusOK {
				t.Errorf("status = %d: %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
	wantVersion(t, s.do(http.MethodGet, path, ""), 9)
}
