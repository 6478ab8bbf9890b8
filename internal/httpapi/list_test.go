package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// shop has products 101 to 106, the first five of user 1.
func shop(s *setup) {
	s.t.Helper()
	for i, p := range [][3]string{
		{"1", "Lamp", "0.1"},
		{"1", "Große Lampe", "1.15"},
		{"1", "100% wool_sock", "9.99"},
		{"1", "Smartphone", "999.99"},
		{"1", "lamp shade", "123456789012.99"},
		{"2", "Lamp", "5"},
	} {
		s.create(fmt.Sprintf(`{"user_id":%s,"product_name":%q,"product_description":"No. %d","product_price":%s}`, p[0], p[1], i+1, p[2]))
	}
}

func ids(t *testing.T, w *httptest.ResponseRecorder) (list []int64) {
	t.Helper()
	wantStatus(t, w, http.StatusOK)
	var products []struct {
		ID int64 `json:"id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &products); err != nil {
		t.Fatal(err)
	}
	for _, p := range products {
		list = append(list, p.ID)
	}
	return list
}

func TestList(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	shop(s)
	w := s.do(http.MethodGet, "/products?user_id=1&price_max=1.15", "")
	wantBody(t, w, `[{"id":102,"user_id":1,"product_name":"Große Lampe","product_description":"No. 2","product_price":1.15},`+
		`{"id":101,"user_id":1,"product_name":"Lamp","product_description":"No. 1","product_price":0.1}]`)
	wantHeader(t, w, "Content-Type", "application/json")
	wantHeader(t, w, "Link", "")
	for query, want := range map[string][]int64{
		"":           {106, 105, 104, 103, 102, 101},
		"user_id=1":  {105, 104, 103, 102, 101},
		"user_id=2":  {106},
		"user_id=77": nil,
		"user_id=&price_min=&price_max=&product_name=&limit=&cursor=": {106, 105, 104, 103, 102, 101},
		"price_min=1.15":                    {106, 105, 104, 103, 102},
		"price_min=1.16":                    {106, 105, 104, 103},
		"price_max=0.1":                     {101},
		"price_max=0.09":                    nil,
		"price_min=999.99&price_max=999.99": {104},
		"price_min=123456789012.99":         {105},
		"product_name=LAMP":                 {106, 105, 102, 101},
		"product_name=gro%C3%9Fe":           {102},
		"product_name=GROSSE":               {102},
		"product_name=%25":                  {103},
		"product_name=_":                    {103},
		"product_name=lamp&user_id=2":       {106},
		"limit=2":                           {106, 105},
		"utm_source=mail":                   {106, 105, 104, 103, 102, 101},
	} {
		for range 2 { // from the store, then from the cache
			if got := ids(t, s.do(http.MethodGet, "/products?"+query, "")); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", query, got, want)
			}
		}
	}
	wantBody(t, s.do(http.MethodGet, "/products?user_id=77", ""), "[]")
}

func TestListPages(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	shop(s)
	for _, query := range []string{"limit=2", "limit=2&product_name=a&price_min=0&user_id=1&price_max=&utm=1"} {
		for range 2 {
			var seen []int64
			next := "/products?" + query
			for pages := 0; next != ""; pages++ {
				if pages > 6 {
					t.Fatal("the pages do not end")
				}
				w := s.do(http.MethodGet, next, "")
				seen = append(seen, ids(t, w)...)
				next = nextOf(t, w.Header().Get("Link"), query)
			}
			want := []int64{106, 105, 104, 103, 102, 101}
			if strings.Contains(query, "user_id") {
				want = []int64{105, 104, 102, 101}
			}
			if !slices.Equal(seen, want) {
				t.Errorf("%s: %v, want %v", query, seen, want)
			}
		}
	}
}

// nextOf takes the target out of a Link header and checks that it carries the
// filters of the query on.
func nextOf(t *testing.T, link, query string) string {
	t.Helper()
	if link == "" {
		return ""
	}
	target, found := strings.CutSuffix(link, `>; rel="next"`)
	u, err := url.Parse(strings.TrimPrefix(target, "<"))
	if !found || err != nil || u.Path != "/products" {
		t.Fatalf("Link = %q", link)
	}
	want, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"user_id", "product_name", "price_min", "price_max", "limit"} {
		if u.Query().Get(name) != want.Get(name) {
			t.Errorf("the next page has %s=%q, want %q", name, u.Query().Get(name), want.Get(name))
		}
	}
	return u.String()
}

// TestSharedPageKeepsSpelling: requests that mean the same share a cached
// page, but each gets its own words in the Link.
func TestSharedPageKeepsSpelling(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	shop(s)
	for _, name := range []string{"LAMP", "lamp"} {
		w := s.do(http.MethodGet, "/products?limit=1&product_name="+name, "")
		if link := w.Header().Get("Link"); !strings.Contains(link, "product_name="+name) {
			t.Errorf("Link = %s", link)
		}
	}
	if got := s.store.Reads(); got != 1 {
		t.Errorf("%d reads of the store, want 1", got)
	}
}

func TestListIsFresh(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	shop(s)
	all, mine := "/products?product_name=torch", "/products?user_id=1&product_name=torch"
	for _, list := range []string{all, mine} {
		wantBody(t, s.do(http.MethodGet, list, ""), "[]")
	}
	wantStatus(t, s.do(http.MethodPatch, "/products/101", `{"product_name":"Torch"}`), http.StatusOK)
	for _, list := range []string{all, mine} {
		if got := ids(t, s.do(http.MethodGet, list, "")); !slices.Equal(got, []int64{101}) {
			t.Errorf("%s: %v after the change", list, got)
		}
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	const id = "user_id must be an integer from 1 to 9007199254740991"
	const limit = "limit must be an integer from 1 to 1000"
	const cursor = "cursor must be taken from the Link of the page before"
	s := newSetup(t)
	shop(s)
	ids(t, s.do(http.MethodGet, "/products", "")) // a good page is in the cache
	for query, want := range map[string][]string{
		"user_id=x":                {id},
		"user_id=0":                {id},
		"user_id=-1":               {id},
		"user_id=1.5":              {id},
		"user_id=9007199254740992": {id},
		"user_id=1&user_id=2":      {"user_id must be given only once"},
		"limit=0":                  {limit},
		"limit=1001":               {limit},
		"limit=ten":                {limit},
		"price_min=x":              {"price_min must be a decimal number such as 999.99"},
		"price_min=NaN":            {"price_min must be a decimal number such as 999.99"},
		"price_min=-1":             {"price_min must not be negative"},
		"price_max=1.001":          {"price_max must have at most 2 decimal places"},
		"price_max=1e20":           {"price_max must be at most 9999999999999.99"},
		"price_min=2&price_max=1":  {"price_min must not be greater than price_max"},
		"product_name=%00":         {"product_name must not contain a NUL character"},
		"product_name=%ff":         {"product_name must be valid UTF-8"},
		"product_name=" + strings.Repeat("x", 201): {"product_name must have at most 200 characters"},
		"cursor=101":            {cursor},
		"cursor=AQAAAAAAAAAA":   {cursor},
		"cursor=AgAAAAAAAABl":   {cursor},
		"cursor=AQAgAAAAAAAA":   {cursor},
		"cursor=AQAAAAAAAABlAA": {cursor},
		"user_id=x&limit=0&price_min=-1&price_max=x&cursor=x&product_name=%00": {
			id, "price_min must not be negative", "price_max must be a decimal number such as 999.99", limit, cursor,
			"product_name must not contain a NUL character",
		},
	} {
		p := wantProblem(t, s.do(http.MethodGet, "/products?"+query, ""), http.StatusUnprocessableEntity)
		if got := p.faults(); !slices.Equal(got, want) {
			t.Errorf("%s: faults = %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"user_id=%zz", "user_id=%", "a;b"} {
		wantProblem(t, s.do(http.MethodGet, "/products?"+query, ""), http.StatusBadRequest)
	}
}
