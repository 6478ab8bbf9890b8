package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/httpapi"
)

// TestBaseOfURLsIsPartOfTheAnswer: two processes over the same store and cache
// say where images are, each for itself, and what a client has from one is not
// what it would get from the other. It is the same for one process that was
// started again with another PUBLIC_BASE_URL.
func TestBaseOfURLsIsPartOfTheAnswer(t *testing.T) {
	t.Parallel()
	store, cache, log := catalogfake.NewStore(), catalogfake.NewCache(), slog.New(slog.DiscardHandler)
	store.Put(gallery())
	api := func(base string) func(method, body string, headers ...string) *httptest.ResponseRecorder {
		views := catalog.NewViews(cache, catalog.FixedEpoch("e"), log)
		handler := newAPI(t, httpapi.Deps{
			Service: catalog.NewService(store, views, catalog.DefaultKeyTTL), Views: views, Images: &images{}, Log: log,
			URL: func(key string) string { return base + "/" + key },
		})
		return func(method, body string, headers ...string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), method, "/products/7", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			return w
		}
	}
	before, after := api("http://old.test"), api("https://new.test/a")
	tags := map[string]bool{}
	for range 2 {
		for base, do := range map[string]func(string, string, ...string) *httptest.ResponseRecorder{
			"http://old.test/aa/": before, "https://new.test/a/aa/": after,
		} {
			w := do(http.MethodGet, "")
			wantStatus(t, w, http.StatusOK)
			if strings.Count(w.Body.String(), base) != 9 || !strings.HasPrefix(w.Body.String(), "{") {
				t.Errorf("not the URLs of %s: %s", base, w.Body)
			}
			tag := w.Header().Get("ETag")
			tags[tag] = true
			wantStatus(t, do(http.MethodGet, "", "If-None-Match", tag), http.StatusNotModified)
		}
	}
	if len(tags) != 2 {
		t.Errorf("entity tags %v, want one of each process", tags)
	}
	tag := before(http.MethodGet, "").Header().Get("ETag")
	if again := api("http://old.test")(http.MethodGet, "").Header().Get("ETag"); again != tag {
		t.Errorf("the same answer has the tags %s and %s", tag, again)
	}
	wantStatus(t, after(http.MethodGet, "", "If-None-Match", tag), http.StatusOK)
	// A change is protected by the version, wherever that was read.
	wantStatus(t, after(http.MethodPatch, `{"product_name":"x"}`, "If-Match", tag), http.StatusOK)
	wantStatus(t, before(http.MethodPatch, `{"product_name":"y"}`, "If-Match", tag), http.StatusPreconditionFailed)
	wantVersion(t, before(http.MethodGet, ""), 13)
	wantVersion(t, after(http.MethodGet, ""), 13)
}

// TestEpochIsPartOfTheAnswer: under another epoch neither a cached answer nor an
// entity tag of the first is used, though the product has the same id, version
// and revision.
func TestEpochIsPartOfTheAnswer(t *testing.T) {
	t.Parallel()
	store, log := catalogfake.NewStore(), slog.New(slog.DiscardHandler)
	epoch := "before"
	views := catalog.NewViews(catalogfake.NewCache(), func(context.Context) (string, bool) { return epoch, true }, log)
	handler := newAPI(t, httpapi.Deps{
		Service: catalog.NewService(store, views, catalog.DefaultKeyTTL), Views: views, Images: &images{}, Log: log,
		URL: func(key string) string { return key }, Epoch: func() string { return epoch },
	})
	get := func(path, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	first := gallery()
	store.Put(first)
	tag := get("/products/7", `"x"`).Header().Get("ETag")
	get("/products?user_id=1", "")
	other := first // of another user, after a restore
	other.Name = "Another's"
	store.Put(other)
	wantStatus(t, get("/products/7", tag), http.StatusNotModified) // nothing was announced
	if w := get("/products?user_id=1", ""); strings.Contains(w.Body.String(), "Another's") {
		t.Errorf("the list was not cached: %s", w.Body)
	}
	epoch = "after"
	w := get("/products/7", tag)
	wantStatus(t, w, http.StatusOK)
	if !strings.Contains(w.Body.String(), "Another's") || w.Header().Get("ETag") == tag {
		t.Errorf("%s with the tag %s: %s", epoch, w.Header().Get("ETag"), w.Body)
	}
	if w := get("/products?user_id=1", ""); !strings.Contains(w.Body.String(), "Another's") {
		t.Errorf("the list is %s", w.Body)
	}
}
