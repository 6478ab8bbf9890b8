package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/httpkit/server"
	"vitrine.dev/internal/signing"
)

// noSecret cannot be read, which nothing has foreseen.
type noSecret struct{}

func (noSecret) SigningKeys(context.Context, signing.Secret) ([]signing.Key, error) {
	return nil, errTest
}

// TestEveryRouteRefuses what is refused before, or whatever, a handler does.
func TestEveryRouteRefuses(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	admin := m.key(m.owner, auth.Admin).Secret
	open := newSetup(t)
	log := slog.New(slog.DiscardHandler)
	open.handler = newAPI(t, httpapi.Deps{URL: imageURL, Log: log, Authorize: guard.NewOpen(nil, log).Authorize})
	broken := newSetup(t)
	anyone := func(r *http.Request, _ server.Route) (*http.Request, error) {
		return r.WithContext(auth.With(r.Context(), auth.Principal{User: 1, Scopes: auth.Scopes{auth.Admin}})), nil
	}
	broken.handler = newAPI(t, httpapi.Deps{
		URL: imageURL, Log: log, HasKeys: true, Authorize: anyone, Signing: signing.New(noSecret{}, log),
	})
	exhausted := newMatrix(t, m.db)
	wrong := exhausted.revoked()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for route, scopes := range httpapi.Scopes() {
		if len(scopes) == 0 {
			continue
		}
		method, _, _ := strings.Cut(route, " ")
		row := matrixRows()[route]
		path := row.path(m)
		plain, _, _ := strings.Cut(path, "?")

		wantStatus(t, m.as(admin, method, plain+"?%zz", row.body), http.StatusBadRequest)
		wantStatus(t, m.as(admin, method, plain+"?colour=red", row.body), http.StatusUnprocessableEntity)

		r := open.request(method, path, row.body)
		r.Host = "evil.test"
		wantStatus(t, open.send(r), http.StatusMisdirectedRequest)

		for status, tries := 0, 0; status != http.StatusTooManyRequests; tries++ { // soon: the limit recovers slowly
			if tries > 1000 {
				t.Fatalf("%s has no limit", route)
			}
			r := exhausted.request(method, path, row.body, "Authorization", "Bearer "+wrong)
			r.RemoteAddr = "192.0.2.1:1"
			if status = exhausted.send(r).Code; status != http.StatusUnauthorized && status != http.StatusTooManyRequests {
				t.Fatalf("%s with a wrong key: %d", route, status)
			}
		}

		if w := broken.do(method, path, row.body); w.Code != http.StatusInternalServerError {
			t.Errorf("%s without what it needs: %d: %s", route, w.Code, w.Body)
		}

		r = m.request(method, row.path(m), row.body, "Authorization", "Bearer "+admin).WithContext(ended)
		if w := m.send(r); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s without time: %d: %s", route, w.Code, w.Body)
		}
	}
}

// TestUserWithProducts cannot be deleted, and invalid fields of users and keys are named.
func TestUserWithProducts(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	admin := m.key(m.owner, auth.Admin).Secret
	m.failed()
	wantStatus(t, m.as(admin, http.MethodDelete, "/users/1", ""), http.StatusConflict)
	over := m.key(m.owner, auth.ProductsRead)
	wantStatus(t, m.as(admin, http.MethodDelete, pathOf("/keys", over.ID), ""), http.StatusOK)
	wantStatus(t, m.as(admin, http.MethodPost, pathOf("/keys", over.ID)+"/rotate", "{}"), http.StatusConflict)
	for _, call := range [][3]string{
		{"GET", "/users/99", ""},
		{"PATCH", "/users/99", `{"name":"Jo"}`},
		{"DELETE", "/users/99", ""},
		{"GET", "/keys/99", ""},
		{"DELETE", "/keys/99", ""},
		{"POST", "/keys/99/rotate", "{}"},
	} {
		wantStatus(t, m.as(admin, call[0], call[1], call[2]), http.StatusNotFound)
	}
	rotate := pathOf("/keys", over.ID) + "/rotate"
	for _, c := range []struct {
		method, path, body string
		errors             []string
	}{
		{"POST", "/users", `{"email":"x","id":7}`, []string{"name is required", "email must be an e-mail address such as jo@example.com", "id is set by the server"}},
		{"PATCH", "/users/1", `{"name":null,"email":7}`, []string{"name must not be null: every user has one", "email must be a string, not a number"}},
		{"POST", "/keys", `{"name":"","scopes":["all"],"expires_in":-1}`, nil},
		{"POST", "/keys", `{"name":"k","scopes":[],"user_id":0,"expires_in":0}`, []string{"expires_in must be at least 1 second", "user_id must be an integer"}},
		{"POST", "/keys", `{"name":"k","scopes":["admin"],"user_id":4711}`, []string{"user_id is not a known user"}},
		{"POST", rotate, `{"overlap":-5}`, nil},
		{"POST", rotate, `{"overlap":null}`, []string{"overlap must not be null"}}, // which is not 0
		{"GET", "/users?cursor=x", "", []string{"cursor must be the next_cursor of the page before"}},
	} {
		w := m.as(admin, c.method, c.path, c.body)
		got := wantProblem(t, w, http.StatusUnprocessableEntity).errors()
		for _, want := range c.errors {
			if !strings.Contains(strings.Join(got, "; "), want) {
				t.Errorf("%s %s %s: %v, want %q", c.method, c.path, c.body, got, want)
			}
		}
	}
}
