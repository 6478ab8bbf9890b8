package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// TestSorts: the pages of every order have each product once, also where products come
// and go between them.
func TestSorts(t *testing.T) {
	t.Parallel()
	for sort, want := range map[string][]int64{
		"": {105, 104, 103, 102, 101}, "newest": {105, 104, 103, 102, 101}, "oldest": {101, 102, 103, 104, 105},
		"price": {101, 102, 103, 104, 105}, "-price": {105, 104, 103, 102, 101},
		"name": {103, 102, 101, 105, 104},
	} {
		s := newSetup(t)
		shop(s)
		var seen []int64
		query := "user_id=1&limit=2&sort=" + url.QueryEscape(sort)
		next := "/products?" + query
		for pages := 0; next != "" && pages < 9; pages++ {
			w := s.do(http.MethodGet, next, "")
			page := ids(t, w)
			seen = append(seen, page...)
			next = nextOf(t, w.Header().Get("Link"), query)
			wantStatus(t, s.do(http.MethodDelete, fmt.Sprintf("/products/%d", page[len(page)-1]), ""), http.StatusNoContent)
			if sort != "" && sort != "newest" && next != "" {
				p := wantProblem(t, s.do(http.MethodGet, "/products?user_id=1&cursor="+cursorOf(t, w.Header(), ""), ""), http.StatusUnprocessableEntity)
				if !slices.Equal(p.errors(), []string{"cursor must be taken from the Link of the page before"}) {
					t.Errorf("the cursor of %q in another order: %v", sort, p.errors())
				}
			}
		}
		if !slices.Equal(seen, want) {
			t.Errorf("%q: %v, want %v", sort, seen, want)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	shop(s)
	s.create(`{"user_id":1,"product_name":"Café İstanbul","product_price":3,"external_id":"SKU 1/é","product_images":["http://a/1"]}`)
	const café = 107
	for query, want := range map[string][]int64{
		"q=cafe":                                {café},
		"q=CAFÉ%20ISTANBUL":                     {café},
		"product_name=istanbul":                 {café},
		"q=ca":                                  {café},
		"q=af":                                  nil,
		"product_name=af":                       {café},
		"q=gro":                                 {102},
		"external_id=SKU%201/%C3%A9":            {café},
		"external_id=sku%201/%C3%A9":            nil,
		"image_status=pending":                  {café},
		"image_status=ready":                    nil,
		"source_host=A":                         {café},
		"source_host=a&image_status=pending":    {café},
		"source_host=a&image_status=failed":     nil,
		"source_host=b":                         nil,
		"image_status=&q=&sort=&updated_after=": {café, 105, 104, 103, 102, 101},
		"updated_after=2000-01-01T00:00:00Z":    nil, // the stand-in has no clock
		"q=lamp&product_name=shade&price_min=5": {105},
		"q=la&sort=price":                       {101, 105},
		"q=lamp&sort=-price&price_max=100":      {102, 101},
	} {
		for range 2 {
			if got := ids(t, s.do(http.MethodGet, "/products?user_id=1&"+query, "")); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", query, got, want)
			}
		}
	}
	for query, want := range map[string]string{
		"sort=cheap":                          "sort must be one of newest, oldest, updated, price, -price, name",
		"sort=%2Bprice":                       "sort must be one of newest, oldest, updated, price, -price, name",
		"image_status=done":                   "image_status must be one of pending, ready, failed",
		"source_host=http%3A//a/":             "source_host must be the host of a URL, such as example.com",
		"source_host=%ff":                     "source_host must be the host of a URL, such as example.com",
		"updated_after=monday":                "updated_after must be an RFC 3339 time such as 2026-11-23T06:00:00Z",
		"external_id=a%00":                    "external_id must not contain a NUL character",
		"q=%ff":                               "q must be valid UTF-8",
		"q=a&q=b":                             "q must be given only once",
		"cursor=AQAAAAAAAABl":                 "cursor must be taken from the Link of the page before",
		"cursor=" + strings.Repeat("A", 9000): "cursor must be taken from the Link of the page before",
	} {
		p := wantProblem(t, s.do(http.MethodGet, "/products?user_id=1&"+query, ""), http.StatusUnprocessableEntity)
		if got := p.errors(); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// TestShortPages: a page that has looked at as many products as it may is short, or empty, and its Link leads
// to the rest; lines have all of them.
func TestShortPages(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	shop(s)
	s.store.Look(1)
	var pages []int
	var seen []int64
	const query = "limit=2&q=lamp&sort=price&user_id=1"
	for next := "/products?" + query; next != "" && len(pages) < 9; {
		for range 2 { // the second time from the cache
			w := s.do(http.MethodGet, next, "")
			page := ids(t, w)
			if len(pages) == 0 || pages[len(pages)-1] >= 0 {
				pages = append(pages, -1)
				continue
			}
			pages[len(pages)-1] = len(page)
			seen = append(seen, page...)
			next = nextOf(t, w.Header().Get("Link"), query)
		}
	}
	if !slices.Equal(pages, []int{1, 1, 0, 0, 1}) || !slices.Equal(seen, []int64{101, 102, 105}) {
		t.Errorf("pages of %v products, %v", pages, seen)
	}
	w := s.do(http.MethodGet, "/products?"+query, "", "Accept", "application/x-ndjson")
	if n := strings.Count(w.Body.String(), "\n"); n != 2 { // the limit
		t.Errorf("%d lines, want 2", n)
	}
	s.store.Look(2)
	if n := strings.Count(s.do(http.MethodGet, "/products?user_id=1&q=lamp&sort=-price", "", "Accept", "application/x-ndjson").Body.String(), "\n"); n != 3 {
		t.Errorf("%d lines, want 3", n)
	}
}

// TestChangesArePastTheCache: what was asked for with updated_after is not kept.
func TestChangesArePastTheCache(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	shop(s)
	for range 3 {
		ids(t, s.do(http.MethodGet, "/products?user_id=1&updated_after=2026-01-01T00:00:00Z", ""))
		ids(t, s.do(http.MethodGet, "/products?user_id=1&sort=price&image_status=ready", ""))
	}
	if got := s.store.Reads(); got != 3+1 {
		t.Errorf("%d reads of the store, want 4", got)
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	shop(s)
	for prefer, applied := range map[string]string{
		"": "", "count=exact": "count=exact", "respond-async, COUNT=\"exact\"; x=y": "count=exact", "wait=5, count=estimated": "count=estimated",
		"count=planned": "", "count": "", `x="a, count=exact"`: "", "counts=exact": "",
	} {
		for accept, lines := range map[string]int{"application/json": 1, "application/x-ndjson": 3} {
			w := s.do(http.MethodGet, "/products?user_id=1&q=lamp&limit=3", "", "Prefer", prefer, "Accept", accept)
			wantStatus(t, w, http.StatusOK)
			want := ""
			if applied != "" {
				want = "3"
			}
			wantHeader(t, w, "Preference-Applied", applied)
			wantHeader(t, w, "X-Total-Count", want)
			if n := strings.Count(w.Body.String(), "\n"); n != lines {
				t.Errorf("%s: %d lines, want %d", accept, n, lines)
			}
		}
	}
	w := s.do(http.MethodGet, "/products?user_id=1&limit=1", "", "Prefer", "count=exact")
	wantHeader(t, w, "X-Total-Count", "5") // also where the page has fewer
	wantHeader(t, s.do(http.MethodGet, nextOf(t, w.Header().Get("Link"), "user_id=1&limit=1"), "", "Prefer", "count=exact"), "X-Total-Count", "5")
	wantProblem(t, s.do(http.MethodGet, "/products?user_id=1&sort=x", "", "Prefer", "count=exact"), http.StatusUnprocessableEntity)
}

// TestLines: a client that would rather have lines has all that match, in order.
func TestLines(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	const all = 1234
	for i := range int64(all) {
		s.store.Put(catalog.Product{ID: 1001 + i, UserID: 1, Name: "n", Price: catalog.Price(i * 7 % all), Version: 1, Revision: 1})
	}
	s.store.SetLastID(1001 + all)
	for target, want := range map[string]int{
		"user_id=1": all, "user_id=1&sort=price": all, "user_id=1&limit=7": 7, "user_id=1&limit=1000": 1000, "user_id=1&price_max=4.99": 500, "user_id=2": 0,
	} {
		w := s.do(http.MethodGet, "/products?"+target, "", "Accept", "application/x-ndjson")
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, "Content-Type", "application/x-ndjson")
		wantHeader(t, w, "Link", "")
		seen := map[int64]bool{}
		last := json.Number("-1")
		for line := range strings.Lines(w.Body.String()) {
			var p struct {
				ID    int64       `json:"id"`
				Price json.Number `json:"product_price"`
			}
			if err := json.Unmarshal([]byte(line), &p); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(target, "sort=price") && number(t, p.Price) < number(t, last) {
				t.Errorf("%s after %s", p.Price, last)
			}
			seen[p.ID], last = true, p.Price
		}
		if len(seen) != want {
			t.Errorf("%s: %d products, want %d", target, len(seen), want)
		}
	}
	for accept, want := range map[string]string{
		"application/x-ndjson, application/json;q=0.9": "application/x-ndjson", "application/x-ndjson;q=0.5, application/json": "application/json",
		"application/x-ndjson;q=0.1, */*": "application/json", "*/*;q=0.1, application/x-ndjson": "application/x-ndjson",
		"application/x-ndjson;q=0.5, */*, application/*;q=0.2": "application/x-ndjson", "application/x-ndjson, */*": "application/x-ndjson",
		"*/*": "application/json", "application/x-ndjson;q=0": "application/json", "text/html, application/x-ndjson": "application/x-ndjson",
		`text/plain;a="application/x-ndjson,"`: "application/json", "application/x-ndjson;q=much": "application/json",
	} {
		wantHeader(t, s.do(http.MethodGet, "/products?user_id=1&limit=1", "", "Accept", accept), "Content-Type", want)
	}
	wantProblem(t, s.do(http.MethodGet, "/products?user_id=1&sort=x", "", "Accept", "application/x-ndjson"), http.StatusUnprocessableEntity)
}

func number(t *testing.T, n json.Number) float64 {
	t.Helper()
	f, err := n.Float64()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLinesEndWithTheClient: nothing more is read for a client that has left, and one that stays sees
// that an answer which could not be ended has no end.
func TestLinesEndWithTheClient(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(s *setup, leave context.CancelFunc){
		"the client leaves":  func(_ *setup, leave context.CancelFunc) { leave() },
		"the database fails": func(s *setup, _ context.CancelFunc) { s.store.Fail(fault.New(fault.Unavailable, "down")) },
	} {
		s := newSetup(t)
		const all = 100_000
		for i := range int64(all) {
			s.store.Put(catalog.Product{ID: 1001 + i, UserID: 1, Name: strings.Repeat("n", 200), Version: 1, Revision: 1})
		}
		s.store.SetLastID(1001 + all)
		ended := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			s.unchecked.ServeHTTP(w, r)
		}))
		ctx, leave := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/products?user_id=1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "application/x-ndjson")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(answer.Body)
		n := 0
		for n < 600 && lines.Scan() { // of the second page: the first was sent before all was read
			n++
		}
		cut(s, leave)
		for lines.Scan() {
			n++
		}
		<-ended
		if lines.Err() == nil || n >= all || s.store.Reads() > all/500/2 {
			t.Errorf("%s: %d lines and %d reads, then %v", name, n, s.store.Reads(), lines.Err())
		}
		leave()
		_ = answer.Body.Close()
		server.Close()
	}
}
