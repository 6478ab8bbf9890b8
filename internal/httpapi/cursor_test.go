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
