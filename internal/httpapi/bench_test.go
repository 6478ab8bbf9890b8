package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/cache/memory"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi"
)

// Run with: go test ./internal/httpapi -run '^$' -bench . -benchmem. All of
// them go through the whole handler over SQLite on disk; no network is in it.

// inProcess is the cache of the embedded default.
func inProcess(b *testing.B) *readthrough.Cache {
	b.Helper()
	engine, err := memory.New(memory.DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	c, err := readthrough.New(engine, readthrough.DefaultConfig(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// benchHandler is an API over SQLite with n products, writing its access log
// to nowhere.
func benchHandler(b *testing.B, c catalog.ViewCache, n int, change ...func(*httpapi.Deps)) http.Handler {
	b.Helper()
	log := slog.New(slog.NewJSONHandler(io.Discard, nil)) //nolint:sloglint // the making of a log line is part of a request
	views := catalog.NewViews(c, catalog.FixedEpoch("e"), log)
	deps := httpapi.Deps{
		Service: catalog.NewService(openSQLite(b), views, catalog.DefaultKeyTTL), Views: views,
		Images: &images{}, URL: imageURL, Signing: newSigning(), Log: log,
	}
	for _, c := range change {
		c(&deps)
	}
	h := httpapi.New(deps)
	for i := range n {
		body := strings.Replace(smartphone, "Smartphone", fmt.Sprintf("Smartphone %d", i), 1)
		if status := serve(b.Context(), h, http.MethodPost, "/products", body); status != http.StatusCreated {
			b.Fatalf("create = %d", status)
		}
	}
	return h
}

func serve(ctx context.Context, h http.Handler, method, target, body string) int {
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := &discard{header: make(http.Header, 8)}
	h.ServeHTTP(w, r)
	return w.status
}

// discard is a response that is not read.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

func benchmark(b *testing.B, h http.Handler, method string, want int, target func(i int) (path, body string)) {
	b.Helper()
	var next atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			path, body := target(int(next.Add(1)))
			if status := serve(b.Context(), h, method, path, body); status != want {
				b.Errorf("%s %s = %d", method, path, status)
				return
			}
		}
	})
}

func BenchmarkGetProductHit(b *testing.B) {
	h := benchHandler(b, inProcess(b), 100)
	benchmark(b, h, http.MethodGet, http.StatusOK, func(i int) (string, string) {
		return fmt.Sprintf("/products/%d", 1+i%100), ""
	})
}

func BenchmarkGetProductMiss(b *testing.B) {
	h := benchHandler(b, readthrough.Disabled(), 100)
	benchmark(b, h, http.MethodGet, http.StatusOK, func(i int) (string, string) {
		return fmt.Sprintf("/products/%d", 1+i%100), ""
	})
}

func BenchmarkCreate(b *testing.B) {
	h := benchHandler(b, readthrough.Disabled(), 0)
	benchmark(b, h, http.MethodPost, http.StatusCreated, func(int) (string, string) { return "/products", smartphone })
}

// BenchmarkList reads pages of 100 of 1000 products, from the database.
func BenchmarkList(b *testing.B) {
	h := benchHandler(b, readthrough.Disabled(), 1000)
	benchmark(b, h, http.MethodGet, http.StatusOK, func(int) (string, string) {
		return "/products?user_id=1&price_min=1&price_max=1000&product_name=phone", ""
	})
}
