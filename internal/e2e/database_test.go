package e2e_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// internals are words that no answer may have.
var internals = regexp.MustCompile(`pgx|SQLSTATE|SELECT |INSERT |dial|connection re|127\.0\.0\.1|localhost|goroutine|\.go\b|deadline|sqlstore`)

// TestDatabaseAway takes the database from an API, by cutting it off and by
// letting it hang: every route that needs it answers 503 with Retry-After in
// time, the others go on, and with the database all of it returns.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]struct {
		leave, back func(*testserver.TCPProxy)
		within      time.Duration
	}{
		"cut off": {(*testserver.TCPProxy).Cut, (*testserver.TCPProxy).Restore, 5 * time.Second},
		"hangs": {(*testserver.TCPProxy).Stall, func(p *testserver.TCPProxy) {
			p.Cut() // what has hung for long is dead
			p.Resume()
			p.Restore()
		}, 25 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := systemtest.OnlyPostgres(t)
			link := systemtest.Behind(t, env, "DB")
			systemtest.Run(t, "migrate", env)
			c := systemtest.Start(t, "api", env).Client()
			path := c.Create("Before")
			away.leave(link)
			asked := make(chan struct{})
			needed := databaseRequests(path)
			for what, r := range needed {
				go func() {
					defer func() { asked <- struct{}{} }()
					wantUnavailable(c, what, r, away.within)
				}()
			}
			for range needed {
				<-asked
			}
			for route, want := range map[string]int{"/healthz": 200, "/openapi.json": 200, "/nothing": 404, "/images/a/b": 404, "/products/0": 422} {
				if got, body := c.Do(http.MethodGet, route, nil, ""); got.StatusCode != want {
					t.Errorf("%s answers %d, want %d: %s", route, got.StatusCode, want, body)
				}
			}
			away.back(link)
			returns(c, path)
		})
	}
}

type request struct {
	method, path, body string
	headers            map[string]string
}

func databaseRequests(path string) map[string]request {
	json := map[string]string{"Content-Type": "application/json"}
	const draft = `{"user_id":1,"product_name":"Meanwhile","product_price":1}`
	return map[string]request{
		"create":      {http.MethodPost, "/products", draft, json},
		"create once": {http.MethodPost, "/products", draft, map[string]string{"Content-Type": "application/json", "Idempotency-Key": "k"}},
		"read":        {http.MethodGet, path, "", nil},
		"read tagged": {http.MethodGet, path, "", map[string]string{"If-None-Match": `"1"`}},
		"head":        {http.MethodHead, path, "", nil},
		"list":        {http.MethodGet, "/products?user_id=1", "", nil},
		"change":      {http.MethodPatch, path, `{"product_name":"x"}`, json},
		"delete":      {http.MethodDelete, path, "", map[string]string{"If-Match": `"1"`}},
		"readiness":   {http.MethodGet, "/readyz", "", nil},
	}
}

func wantUnavailable(c systemtest.Client, what string, r request, within time.Duration) {
	c.T.Helper()
	began := time.Now()
	got, body := c.Do(r.method, r.path, r.headers, r.body)
	if took := time.Since(began); took > within {
		c.T.Errorf("%s: the answer took %v", what, took)
	}
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		c.T.Errorf("%s: answer %d, Retry-After %q: %s", what, got.StatusCode, got.Header.Get("Retry-After"), body)
	}
	if found := internals.Find(body); found != nil {
		c.T.Errorf("%s: %q is in the answer %s", what, found, body)
	}
}

// returns waits until reads and creates work again, and looks for what was
// refused: a create that was answered 503 may have happened or not, but with a
// key it happens once.
func returns(c systemtest.Client, path string) {
	c.T.Helper()
	deadline := time.Now().Add(systemtest.Patience)
	for {
		got, body := c.Do(http.MethodGet, path, nil, "")
		if got.StatusCode == http.StatusOK {
			break
		}
		if got.StatusCode != http.StatusServiceUnavailable || time.Now().After(deadline) {
			c.T.Fatalf("after its return: %d %s", got.StatusCode, body)
		}
		systemtest.Pause(c.T, 50*time.Millisecond)
	}
	again := databaseRequests(path)["create once"]
	var ids [2]struct {
		ID int64 `json:"product_id"`
	}
	for i := range ids {
		got, body := c.Do(again.method, again.path, again.headers, again.body)
		if got.StatusCode != http.StatusCreated {
			c.T.Fatalf("create after its return: %d %s", got.StatusCode, body)
		}
		c.Decode(body, &ids[i])
	}
	if ids[0] != ids[1] || ids[0].ID == 0 {
		c.T.Errorf("one key created %v", ids)
	}
}
