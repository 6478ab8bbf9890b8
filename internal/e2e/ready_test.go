package e2e_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// adminURL is where a process answers its operators.
func (p *process) adminURL() string {
	p.t.Helper()
	line := p.logged("its admin address", func(l logLine) bool { return l["msg"] == "admin listening" })
	return "http://" + line["address"].(string)
}

// becomes waits until /readyz at the URL answers with the status and the state
// of the part.
func becomes(t *testing.T, url string, status int, part, state string) {
	t.Helper()
	c := client{t, url}
	var last string
	eventually(t, part+" to be "+state, func() bool {
		got, body := c.do(http.MethodGet, "/readyz", nil, "")
		var answer struct {
			Parts map[string]struct{ Status string }
		}
		c.decode(body, &answer)
		last = string(body)
		return got.StatusCode == status && answer.Parts[part].Status == state
	})
	t.Logf("%s: %s", url, last)
}

// TestDatabaseRefusesChanges takes the right to write from API and worker while
// the worker has a picture in hand, for several times its lease: creates are
// 503, reads go on, and once the right is given back the same attempt ends
// ready. Nothing is given up meanwhile.
func TestDatabaseRefusesChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := "limited_" + strings.ToLower(rand.Text())
	exec := func(statement string) {
		t.Helper()
		if _, err := w.db.Exec(t.Context(), strings.ReplaceAll(statement, "{role}", role)); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec(`CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
		GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}`)
	t.Cleanup(func() { _, _ = w.db.Exec(t.Context(), "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	env := maps.Clone(w.env)
	env["DB_USER"], env["JOB_LEASE"] = role, "1s"
	api, worker := start(t, "api", env), start(t, "worker", env)
	c := client{t, api.url()}

	asked, release := make(chan struct{}, 1), make(chan struct{})
	pictures := newSource(t)
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-release
		pictures.Config.Handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(slow.Close)
	path := fmt.Sprintf("/products/%d", c.create("Before", slow.URL+"/rocket.jpg"))
	<-asked
	becomes(t, worker.adminURL(), http.StatusOK, "database", "ok")

	exec(`REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM {role}`)
	close(release)
	refused := databaseRequests(path)
	for _, what := range []string{"create", "create once", "change", "delete"} {
		wantUnavailable(c, what, refused[what], patience)
	}
	if c.product(path).Name != "Before" {
		t.Error("the product cannot be read")
	}
	becomes(t, api.url(), http.StatusOK, "database", "read_only")
	becomes(t, worker.adminURL(), http.StatusServiceUnavailable, "database", "read_only")
	eventually(t, "the worker to have waited for several leases", func() bool {
		return worker.count(func(l logLine) bool { return l["msg"] == "waiting for the database" }) >= 6
	})

	exec(`GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}`)
	if img := c.settled(path).Details[0]; img.Status != "ready" || img.Attempts != 1 {
		t.Errorf("the image is %s after %d attempts: %+v", img.Status, img.Attempts, img.Reason)
	}
	c.create("After")
	becomes(t, api.url(), http.StatusOK, "database", "ok")
	becomes(t, worker.adminURL(), http.StatusOK, "database", "ok")
	if n := worker.count(func(l logLine) bool { return l["msg"] == "part is not available" && l["part"] == "database" }); n != 1 {
		t.Errorf("%d lines say that the database is not available, want one", n)
	}
}

// TestPartsThatCannotBeHad: at its start a process logs one line for each, with
// its cause and no secret.
func TestPartsThatCannotBeHad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	env := maps.Clone(w.env)
	env["AWS_S3_BUCKET"], env["QUEUE_USER"], env["REDIS_PORT"] = "there-is-no-such-bucket", "nobody-of-that-name", "1"
	for _, role := range []string{"api", "worker"} {
		p := start(t, role, env)
		for part, causes := range map[string][]string{
			"storage": {"there-is-no-such-bucket", env["AWS_REGION"], env["AWS_ENDPOINT_URL_S3"], "no such bucket"},
			"queue":   {"nobody-of-that-name", "403"},
			"cache":   {"127.0.0.1:1", "refused"},
		} {
			line := p.logged(part+" with its cause", func(l logLine) bool { return l["msg"] == "part is not available" && l["part"] == part })
			text, _ := line["where"].(string)
			cause, _ := line["error"].(string)
			for _, word := range causes {
				if !strings.Contains(text+" "+cause, word) {
					t.Errorf("%s: the line of %s lacks %q: %v", role, part, word, line)
				}
			}
		}
		status := map[string]int{"api": http.StatusOK, "worker": http.StatusServiceUnavailable}[role]
		becomes(t, p.adminURL(), status, "storage", "down")
		noSecrets(t, p, env["DB_PASSWORD"], env["QUEUE_PASSWORD"], env["AWS_SECRET_ACCESS_KEY"])
		second := maps.Clone(env)
		second["ADMIN_ADDR"] = strings.TrimPrefix(p.adminURL(), "http://")
		start(t, role, second).logged("that its admin address is taken", func(l logLine) bool {
			return l["level"] == "WARN" && strings.HasPrefix(l["msg"].(string), "ADMIN_ADDR")
		})
	}
}
