package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/signing"
)

// cursor is that of the page after the one that the answer has.
func cursorOf(t *testing.T, header http.Header, body string) string {
	t.Helper()
	if link, found := strings.CutPrefix(header.Get("Link"), "<"); found {
		link, _, _ = strings.Cut(link, ">")
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("cursor")
	}
	var page struct {
		NextCursor string `json:"next_cursor"`
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil || page.NextCursor == "" {
		t.Fatalf("there is no next page: %v: %s", err, body)
	}
	return page.NextCursor
}

// TestCursorsAreOfOneList: a cursor is valid for the list that it was made of, whichever
// instance made it, and for no other list, filter or user.
func TestCursorsAreOfOneList(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	another := newMatrix(t, m.db) // instance
	admin := m.key(m.owner, auth.Admin)
	shop, stranger := m.key(m.owner, auth.ProductsRead, auth.ProductsWrite), m.key(m.other, auth.ProductsRead, auth.ProductsWrite)
	as := func(on *matrix, k auth.Created, target string, headers ...string) (status int, header http.Header, body string) {
		w := on.do(http.MethodGet, target, "", append([]string{"Authorization", "Bearer " + k.Secret}, headers...)...)
		return w.Code, w.Header(), w.Body.String()
	}
	for _, k := range []auth.Created{shop, stranger} {
		for i := range 3 {
			body := fmt.Sprintf(`{"product_name":"Lamp %d","product_description":"d","product_images":["https://a.example/1.jpg"],"product_price":%d}`, i, i+1)
			wantStatus(t, m.do(http.MethodPost, "/products", body, "Authorization", "Bearer "+k.Secret), http.StatusCreated)
		}
	}
	for range 3 {
		m.user()
	}
	next := func(k auth.Created, list string, headers ...string) string {
		t.Helper()
		status, header, body := as(m, k, list, headers...)
		if status != http.StatusOK {
			t.Fatalf("GET %s = %d: %s", list, status, body)
		}
		return cursorOf(t, header, body)
	}
	other := strconv.FormatInt(m.other, 10)
	products := next(shop, "/products?limit=1&price_max=9")
	lists := []struct {
		key  auth.Created
		list string
		user string
		of   string // the cursor that is valid there
	}{
		{shop, "/products?price_max=9", "", products},
		{stranger, "/products?price_max=9", "", next(stranger, "/products?limit=1&price_max=9")},
		{shop, "/products?price_max=8", "", next(shop, "/products?limit=1&price_max=8")},
		{shop, "/products", "", next(shop, "/products?limit=1")},
		{admin, "/users", "", next(admin, "/users?limit=1")},
		{admin, "/keys", "", next(admin, "/keys?limit=1")},
		{admin, fmt.Sprintf("/keys?user_id=%d", m.owner), "", next(admin, fmt.Sprintf("/keys?limit=1&user_id=%d", m.owner))},
		{admin, "/users", other, next(admin, "/users?limit=1", "Vitrine-User", other)},
		{admin, "/audit", "", ""},
		{admin, "/hosts", "", ""},
		{admin, "/dead-letters", "", ""},
	}
	for _, l := range lists {
		for _, made := range lists {
			if made.of == "" {
				continue
			}
			separator := "?"
			if strings.Contains(l.list, "?") {
				separator = "&"
			}
			var headers []string
			if l.user != "" {
				headers = []string{"Vitrine-User", l.user}
			}
			for _, instance := range []*matrix{m, another} {
				want := http.StatusUnprocessableEntity
				if made.of == l.of {
					want = http.StatusOK
				}
				status, _, body := as(instance, l.key, l.list+separator+"limit=2&cursor="+url.QueryEscape(made.of), headers...)
				if status != want || status != http.StatusOK && !strings.Contains(body, `"parameter":"cursor"`) {
					t.Errorf("the cursor of %s for user %q in %s for user %q = %d, want %d: %s", made.list, made.user, l.list, l.user, status, want, body)
				}
			}
		}
	}
}

// TestCursorsAreOfEverySpelling: a cursor is valid for its filter however that is spelled, and for no
// other filter.
func TestCursorsAreOfEverySpelling(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	shop, admin := m.key(m.owner, auth.ProductsRead, auth.ProductsWrite).Secret, m.key(m.owner, auth.Admin).Secret
	for range 2 {
		wantStatus(t, m.as(shop, http.MethodPost, "/products", `{"product_name":"Café Lamp","product_price":2}`), http.StatusCreated)
		m.fail("source_not_found", "gone.example", 1)
	}
	for _, tc := range []struct {
		key, list     string
		same, another []string
	}{
		{
			shop, "/products?price_max=9&updated_after=2026-01-01T00:00:00Z&product_name=caf%C3%A9&q=lamp",
			[]string{
				"/products?q=lamp&product_name=caf%C3%A9&updated_after=2026-01-01T00:00:00Z&price_max=9",
				"/products?price_max=9.00&updated_after=2026-01-01t02:00:00.000%2B02:00&product_name=CAFE&q=L%C3%81MP&sort=newest&price_min=",
				fmt.Sprintf("/products?price_max=9&updated_after=2025-12-31T19:00:00-05:00&product_name=cafe%%CC%%81&q=lamp&user_id=%d", m.owner),
			},
			[]string{
				"/products?price_max=9.01&updated_after=2026-01-01T00:00:00Z&product_name=caf%C3%A9&q=lamp",
				"/products?price_max=9&updated_after=2026-01-01T00:00:00-01:00&product_name=caf%C3%A9&q=lamp",
				"/products?price_max=9&updated_after=2026-01-01T00:00:00Z&product_name=lamp&q=caf%C3%A9",
				"/products?price_min=1&price_max=9&updated_after=2026-01-01T00:00:00Z&product_name=caf%C3%A9&q=lamp",
				"/products?price_max=9&updated_after=2026-01-01T00:00:00Z&product_name=caf%C3%A9&q=lamp&sort=oldest",
			},
		},
		{
			shop, "/dead-letters?host=gone.example&failed_after=2026-01-01T00:00:00Z",
			[]string{
				"/dead-letters?failed_after=2026-01-01T03:00:00%2B03:00&host=Gone.Example&reason=",
				fmt.Sprintf("/dead-letters?host=GONE.example&failed_after=2026-01-01T00:00:00.0Z&user_id=%d", m.owner),
			},
			[]string{
				"/dead-letters?host=gone.example&failed_after=2026-01-01T00:00:00.001Z",
				"/dead-letters?host=gone.example&failed_before=2026-01-01T00:00:00Z",
			},
		},
		{
			admin, "/dead-letters?host=gone.example",
			[]string{"/dead-letters?host=GONE.EXAMPLE"},
			[]string{fmt.Sprintf("/dead-letters?host=gone.example&user_id=%d", m.owner)}, // an operator's without it is of all users
		},
	} {
		w := m.as(tc.key, http.MethodGet, tc.list+"&limit=1", "")
		wantStatus(t, w, http.StatusOK)
		cursor := "&limit=1&cursor=" + url.QueryEscape(cursorOf(t, w.Header(), w.Body.String()))
		for status, lists := range map[int][]string{http.StatusOK: append(tc.same, tc.list), http.StatusUnprocessableEntity: tc.another} {
			for _, list := range lists {
				if w := m.as(tc.key, http.MethodGet, list+cursor, ""); w.Code != status {
					t.Errorf("the cursor of %s in %s = %d, want %d: %s", tc.list, list, w.Code, status, w.Body)
				}
			}
		}
	}
}

// unavailable is a signing.Store that cannot be reached.
type unavailable struct{}

func (unavailable) SigningKeys(context.Context, signing.Secret) ([]signing.Key, error) {
	return nil, fault.New(fault.Unavailable, "the database is not available")
}

// TestCursorsWithoutKey: without a key no cursor is made, and none is called wrong.
func TestCursorsWithoutKey(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	deps := s.deps(nil, nil)
	deps.Signing = signing.New(unavailable{}, deps.Log)
	s.handler = newAPI(t, deps)
	for _, list := range []string{"/products?user_id=1", "/hosts?", "/users?", "/dead-letters?"} {
		wantProblem(t, s.do(http.MethodGet, list+"&cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""), http.StatusServiceUnavailable)
		p := wantProblem(t, s.do(http.MethodGet, list+"&cursor=x", ""), http.StatusUnprocessableEntity)
		if len(p.Errors) != 1 || p.Errors[0].Parameter == nil || *p.Errors[0].Parameter != "cursor" {
			t.Errorf("%s: %+v", list, p)
		}
	}
}

// TestJobsOfOperators: a job is its owner's to read, and to end only where an operator has
// not made it. Jobs have pages.
func TestJobsOfOperators(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	operator, owner := m.key(m.other, auth.Operator).Secret, m.key(m.owner, auth.ImagesRetry).Secret
	m.failed()
	body := fmt.Sprintf(`{"filter":{"user_id":%d},"rate":1}`, m.owner)
	for _, maker := range []string{operator, owner, operator} {
		wantStatus(t, m.as(maker, http.MethodPost, "/dead-letters/discard", body), http.StatusAccepted)
	}
	wantStatus(t, m.as(owner, http.MethodGet, "/dead-letters/jobs/1", ""), http.StatusOK)
	wantProblem(t, m.as(owner, http.MethodPost, "/dead-letters/jobs/1/abort", ""), http.StatusForbidden)
	wantStatus(t, m.as(owner, http.MethodPost, "/dead-letters/jobs/2/abort", ""), http.StatusOK)
	wantStatus(t, m.as(operator, http.MethodPost, "/dead-letters/jobs/1/abort", ""), http.StatusOK)
	var seen []int64
	for target := "/dead-letters/jobs?limit=2"; target != ""; {
		w := m.as(operator, http.MethodGet, target, "")
		wantStatus(t, w, http.StatusOK)
		var page struct {
			Data []struct {
				ID int64 `json:"id"`
			} `json:"data"`
			NextCursor string `json:"next_cursor"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, j := range page.Data {
			seen = append(seen, j.ID)
		}
		target = ""
		if page.NextCursor != "" {
			if target = "/dead-letters/jobs?limit=2&cursor=" + page.NextCursor; cursorOf(t, w.Header(), w.Body.String()) != page.NextCursor {
				t.Errorf("Link %q and next_cursor %q differ", w.Header().Get("Link"), page.NextCursor)
			}
		}
	}
	if !slices.Equal(seen, []int64{3, 2, 1}) {
		t.Errorf("pages of jobs: %d", seen)
	}
}
