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
	wantBody(t, w, `[{"id":102,"user_id":1,"product_name":"Große Lampe","product_description":"No. 2","product_price":1.15,"image_counts":{"pending":0,"ready":0,"failed":0,"total":0},"version":1},`+
		`{"id":101,"user_id":1,"product_name":"Lamp","product_description":"No. 1","product_price":0.1,"image_counts":{"pending":0,"ready":0,"failed":0,"total":0},"version":1}]`)
	wantHeader(t, w, "Content-Type", "application/json")
	wantHeader(t, w, "Link", "")
	for query, want := range map[string][]int64{
		"user_id=1":  {105, 104, 103, 102, 101},
		"user_id=2":  {106},
		"user_id=77": nil,
		"user_id=1&price_min=&price_max=&product_name=&limit=&cursor=": {105, 104, 103, 102, 101},
		"user_id=1&price_min=1.15":                                     {105, 104, 103, 102},
		"user_id=1&price_min=1.16":                                     {105, 104, 103},
		"user_id=1&price_max=0.1":                                      {101},
		"user_id=1&price_max=0.09":                                     nil,
		"user_id=1&price_min=999.99&price_max=999.99":                  {104},
		"user_id=1&price_min=123456789012.99":                          {105},
		"user_id=1&product_name=LAMP":                                  {105, 102, 101},
		"user_id=1&product_name=gro%C3%9Fe":                            {102},
		"user_id=1&product_name=GROSSE":                                {102},
		"user_id=1&product_name=%25":                                   {103},
		"user_id=1&product_name=_":                                     {103},
		"product_name=lamp&user_id=2":                                  {106},
		"user_id=1&limit=2":                                            {105, 104},
	} {
		for range 2 { // from the store, then from the cache
			if got := ids(t, s.do(http.MethodGet, "/products?"+query, "")); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", query, got, want)
			}
		}
	}
	wantBody(t, s.do(http.MethodGet, "/products?user_id=77", ""), "[]")
}

// TestListShowsImages: a list says how far the images of a product are, and
// where a small picture of the first that is ready can be read.
func TestListShowsImages(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.create(lamp)
	p := gallery()
	p.ID = 101
	s.store.Put(p)
	wantBody(t, s.do(http.MethodGet, "/products?user_id=1", ""), `[{"id":101,"user_id":1,"product_name":"Smart & <phone>",`+
		`"product_description":"Latest","product_price":999.99,"image_counts":{"pending":3,"ready":2,"failed":1,"total":6},`+
		`"cover":{"url":"http://shop.test/images/aa/w320.webp","format":"webp","width":320,"height":240,"bytes":5000,"placeholder":"data:image/webp;base64,AAAA"},"version":12}]`)
}

func TestListPages(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	shop(s)
	for _, query := range []string{"user_id=1&limit=2", "limit=2&product_name=a&price_min=0&user_id=1&price_max="} {
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
			want := []int64{105, 104, 103, 102, 101}
			if strings.Contains(query, "product_name") {
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
		w := s.do(http.MethodGet, "/products?user_id=1&limit=1&product_name="+name, "")
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
	const list = "/products?user_id=1&product_name=torch"
	wantBody(t, s.do(http.MethodGet, list, ""), "[]")
	wantStatus(t, s.do(http.MethodPatch, "/products/101", `{"product_name":"Torch"}`), http.StatusOK)
	if got := ids(t, s.do(http.MethodGet, list, "")); !slices.Equal(got, []int64{101}) {
		t.Errorf("%v after the change", got)
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	const id = "user_id must be an integer from 1 to 9007199254740991"
	const limit = "limit must be an integer from 1 to 1000"
	const required = "user_id is required"
	const known = " is not a known query parameter; this path has user_id, price_min, price_max, product_name, limit, cursor, q, sort, image_status, source_host, updated_after, external_id"
	const cursor = "cursor must be taken from the Link of the page before"
	s := newSetup(t)
	shop(s)
	ids(t, s.do(http.MethodGet, "/products?user_id=1", "")) // a good page is in the cache
	for query, want := range map[string][]string{
		"":                                     {required},
		"user_id=":                             {required},
		"limit=5":                              {required},
		"userid=7":                             {"userid" + known, required},
		"user_id=7&page=2":                     {"page" + known},
		"User_ID=7":                            {"User_ID" + known, required},
		"user_id[]=7":                          {"user_id[]" + known, required},
		"user_id=7&utm=1&utm=2":                {"utm" + known},
		"user_id=7&=":                          {known},
		"user_id=7&" + strings.Repeat("y", 65): {strings.Repeat("y", 64) + "…" + known},
		"user_id=7&offset=x&limit=0&user_id=8": {"offset" + known, "user_id must be given only once", limit},
		"user_id=x":                            {id},
		"user_id=0":                            {id},
		"user_id=-1":                           {id},
		"user_id=1.5":                          {id},
		"user_id=9007199254740992":             {id},
		"user_id=1&user_id=2":                  {"user_id must be given only once"},
		"user_id=1&limit=0":                    {limit},
		"user_id=1&limit=1001":                 {limit},
		"user_id=1&limit=ten":                  {limit},
		"user_id=1&price_min=x":                {"price_min must be a decimal number such as 999.99"},
		"user_id=1&price_min=NaN":              {"price_min must be a decimal number such as 999.99"},
		"user_id=1&price_min=-1":               {"price_min must not be negative"},
		"user_id=1&price_max=1.001":            {"price_max must have at most 2 decimal places"},
		"user_id=1&price_max=1e20":             {"price_max must be at most 9999999999999.99"},
		"user_id=1&price_min=2&price_max=1":    {"price_min must not be greater than price_max"},
		"user_id=1&product_name=%00":           {"product_name must not contain a NUL character"},
		"user_id=1&product_name=%ff":           {"product_name must be valid UTF-8"},
		"user_id=1&product_name=" + strings.Repeat("x", 201): {"product_name must have at most 200 characters"},
		"user_id=1&cursor=101":                               {cursor},
		"user_id=1&cursor=AQAAAAAAAAAA":                      {cursor},
		"user_id=1&cursor=AgAAAAAAAABl":                      {cursor},
		"user_id=1&cursor=AQAgAAAAAAAA":                      {cursor},
		"user_id=1&cursor=AQAAAAAAAABlAA":                    {cursor},
		"user_id=x&limit=0&price_min=-1&price_max=x&cursor=x&product_name=%00": {
			id, "price_min must not be negative", "price_max must be a decimal number such as 999.99", limit, cursor,
			"product_name must not contain a NUL character",
		},
	} {
		p := wantProblem(t, s.do(http.MethodGet, "/products?"+query, ""), http.StatusUnprocessableEntity)
		if got := p.errors(); !slices.Equal(got, want) {
			t.Errorf("%s: errors = %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"user_id=%zz", "user_id=%", "a;b"} {
		wantProblem(t, s.do(http.MethodGet, "/products?"+query, ""), http.StatusBadRequest)
	}
}
