package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit/server"
)

// TestPagesAreBoundedByBytes: whatever the texts are, a page has no more bytes
// than are allowed, and Link leads to all products.
func TestPagesAreBoundedByBytes(t *testing.T) {
	t.Parallel()
	const most = 2<<20 + 1<<10
	for name, text := range map[string]string{
		"letters":            "x",
		"outside the plane":  "😀",
		"quotation marks":    `\"`,
		"control characters": `\u0001`,
		"line separators":    "\u2028",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && text != "x" {
				t.Skip("-short: one text is enough")
			}
			s := newSetup(t)
			body := fmt.Sprintf(`{"user_id":1,"product_name":"x","product_price":1,"product_description":"%s"}`, strings.Repeat(text, 10_000))
			var want, got []int64
			for i := range 150 {
				s.create(body)
				want = append([]int64{101 + int64(i)}, want...)
			}
			pages := 0
			for next := "/products?user_id=1&limit=1000"; next != ""; pages++ {
				w := s.do(http.MethodGet, next, "")
				got = append(got, ids(t, w)...)
				if w.Body.Len() > most {
					t.Errorf("a page of %d bytes", w.Body.Len())
				}
				next = nextOf(t, w.Header().Get("Link"), "user_id=1&limit=1000")
			}
			if !slices.Equal(got, want) {
				t.Errorf("products %v on %d pages, want %v", got, pages, want)
			}
		})
	}
}

// held is a cache whose lists wait to be released.
type held struct {
	*catalog.Views
	release chan struct{}
}

func (h held) Load(ctx context.Context, _ string, _ func(cache.Entry) bool, load catalog.LoadFunc) (cache.Entry, error) {
	return load(ctx)
}

func (held) Saw(string, int64) {}

func (h held) LoadIn(ctx context.Context, _, _ string, load catalog.LoadFunc) (cache.Entry, error) {
	<-h.release
	return load(ctx)
}
func (held) Invalidate(context.Context, string, int64) error                         { return nil }
func (held) Bump(context.Context, string) error                                      { return nil }
func (held) BumpApart(context.Context, string, time.Duration) (time.Duration, error) { return 0, nil }

// TestListsWaitForMemory: so many pages at once, others wait for a while and
// are then asked to retry; everything else is served.
func TestListsWaitForMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t)
		release := make(chan struct{})
		s.views = catalog.NewViews(held{release: release}, catalog.FixedEpoch("e"), s.deps(nil, nil).Log)
		s.handler = newAPI(t, s.deps(catalog.NewService(s.store, s.views, catalog.DefaultKeyTTL), nil))
		var group sync.WaitGroup
		list := func(want int) {
			group.Go(func() {
				w := s.do(http.MethodGet, "/products?user_id=1", "")
				if w.Code != want || want == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
					t.Errorf("status %d, want %d: %s", w.Code, want, w.Body)
				}
			})
		}
		for range 16 {
			list(http.StatusOK)
		}
		synctest.Wait()
		for range 100 {
			list(http.StatusServiceUnavailable) // after five seconds by the clock of this test
		}
		synctest.Wait()
		s.create(smartphone)
		wantStatus(t, s.do(http.MethodGet, "/products/101", ""), http.StatusOK)
		w := s.do(http.MethodGet, "/products?user_id=1", "")
		wantProblem(t, w, http.StatusServiceUnavailable)
		synctest.Wait() // for the others, whose time is over at the same moment
		close(release)
		group.Wait()
		wantStatus(t, s.do(http.MethodGet, "/products?user_id=1", ""), http.StatusOK)
	})
}

// TestBodiesWaitForMemory: large bodies whose end is missing keep others of
// their size out, and none of ordinary size.
func TestBodiesWaitForMemory(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int64{"with a length": 1 << 20, "chunked": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t)
				open := func(end io.Reader) *http.Request {
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/products",
						io.MultiReader(strings.NewReader(strings.Repeat(" ", 100_000)), end))
					r.ContentLength = length
					r.Header.Set("Content-Type", "application/json")
					return r
				}
				var group sync.WaitGroup
				var ends []*io.PipeWriter
				for range 32 {
					end, writer := io.Pipe()
					ends = append(ends, writer)
					group.Go(func() { wantProblem(t, s.send(open(end)), http.StatusBadRequest) })
				}
				synctest.Wait()
				w := s.send(open(strings.NewReader("")))
				wantProblem(t, w, http.StatusServiceUnavailable)
				wantHeader(t, w, "Retry-After", "5")
				s.create(smartphone)
				for _, end := range ends {
					_ = end.Close()
				}
				group.Wait()
				wantStatus(t, s.do(http.MethodPost, "/products", smartphone+strings.Repeat(" ", 900_000)), http.StatusCreated)
			})
		})
	}
}

// TestNoUserHoldsAllMemory: large bodies of one user whose end is missing leave half of the memory to
// others. An admin's count as the admin's own, whomever it acts for.
func TestNoUserHoldsAllMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSetup(t)
		deps := s.deps(nil, nil)
		deps.Authorize = func(r *http.Request, _ server.Route) (*http.Request, error) {
			var by auth.Principal
			_, err := fmt.Sscan(r.Header.Get("Test-Caller-And-User"), &by.Caller, &by.User)
			by.Scopes = auth.Scopes{auth.ProductsWrite}
			return r.WithContext(auth.With(r.Context(), by)), err
		}
		s.handler = newAPI(t, deps)
		send := func(who string, end io.Reader) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/products",
				io.MultiReader(strings.NewReader(strings.Repeat(" ", 100_000)), end))
			r.ContentLength = 1 << 20
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Test-Caller-And-User", who)
			return s.send(r)
		}
		var group sync.WaitGroup
		var ends []*io.PipeWriter
		for i := range 16 {
			end, writer := io.Pipe()
			ends = append(ends, writer)
			group.Go(func() { wantProblem(t, send(fmt.Sprint("1 ", 1+i%2), end), http.StatusBadRequest) })
		}
		synctest.Wait()
		w := send("1 1", strings.NewReader(""))
		if problem := wantProblem(t, w, http.StatusServiceUnavailable); !strings.Contains(problem.Detail, "of this user") {
			t.Errorf("detail %q", problem.Detail)
		}
		wantProblem(t, send("2 2", strings.NewReader("")), http.StatusBadRequest)
		for _, end := range ends {
			_ = end.Close()
		}
		group.Wait()
	})
}
