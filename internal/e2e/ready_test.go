package e2e_test

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vitrine.dev/internal/systemtest"
)

// becomes waits until /readyz at the URL answers with the status and the state
// of the part.
func becomes(t *testing.T, url string, status int, part, state string) {
	t.Helper()
	c := systemtest.Client{T: t, URL: url}
	var last string
	systemtest.Eventually(t, part+" to be "+state, func() bool {
		got, body := c.Do(http.MethodGet, "/readyz", nil, "")
		var answer struct {
			Parts map[string]struct{ Status string }
		}
		c.Decode(body, &answer)
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
	w := systemtest.NewSystem(t)
	role := "limited_" + strings.ToLower(rand.Text())
	exec := func(statement string) {
		t.Helper()
		if _, err := w.DB.Exec(t.Context(), strings.ReplaceAll(statement, "{role}", role)); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec(`CREATE ROLE {role} LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
		GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}`)
	t.Cleanup(func() { _, _ = w.DB.Exec(t.Context(), "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	env := maps.Clone(w.Env)
	env["DB_USER"], env["JOB_LEASE"] = role, "1s"
	api, worker := systemtest.Start(t, "api", env), systemtest.Start(t, "worker", env)
	c := api.Client()

	asked, release := make(chan struct{}, 1), make(chan struct{})
	pictures := systemtest.NewSource(t)
	slow := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-release
		pictures.Config.Handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(slow.Close)
	path := c.Create("Before", slow.URL+"/rocket.jpg")
	<-asked
	becomes(t, worker.AdminURL(), http.StatusOK, "database", "ok")

	exec(`REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM {role}`)
	close(release)
	refused := databaseRequests(path)
	for _, what := range []string{"create", "create once", "change", "delete"} {
		wantUnavailable(c, what, refused[what], systemtest.Patience)
	}
	if c.Product(path).Name != "Before" {
		t.Error("the product cannot be read")
	}
	becomes(t, api.URL(), http.StatusOK, "database", "read_only")
	becomes(t, worker.AdminURL(), http.StatusServiceUnavailable, "database", "read_only")
	// Elsewhere a lease is longer than the time between two sweeps, so that one meets the outage.
	systemtest.Eventually(t, "the worker to have waited for several leases, and swept", func() bool {
		return worker.Count(systemtest.Msg("waiting for the database")) >= 6 && worker.Count(systemtest.Msg("sweep failed, will be retried")) > 0
	})

	exec(`GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}`)
	if img := c.Finished(path).Images[0]; img.Status != "ready" || img.Attempts != 1 {
		t.Errorf("the image is %s after %d attempts: %+v", img.Status, img.Attempts, img.Reason)
	}
	c.Create("After")
	becomes(t, api.URL(), http.StatusOK, "database", "ok")
	becomes(t, worker.AdminURL(), http.StatusOK, "database", "ok")
	if n := worker.Count(func(l systemtest.LogLine) bool { return l["msg"] == "part is not available" && l["part"] == "database" }); n != 1 {
		t.Errorf("%d lines say that the database is not available, want one", n)
	}
}

// TestPartsThatCannotBeHad: at its start a process logs one line for each, with
// its cause and no secret.
func TestPartsThatCannotBeHad(t *testing.T) {
	t.Parallel()
	w := systemtest.NewSystem(t)
	env := maps.Clone(w.Env)
	env["AWS_S3_BUCKET"], env["QUEUE_USER"], env["REDIS_PORT"] = "there-is-no-such-bucket", "no-such-user", "1"
	for _, role := range []string{"api", "worker"} {
		p := systemtest.Start(t, role, env)
		for part, causes := range map[string][]string{
			"storage": {"there-is-no-such-bucket", env["AWS_REGION"], env["AWS_ENDPOINT_URL_S3"], "no such bucket"},
			"queue":   {"no-such-user", "403"},
			"cache":   {"127.0.0.1:1", "refused"},
		} {
			line := p.Logged(part+" with its cause", func(l systemtest.LogLine) bool { return l["msg"] == "part is not available" && l["part"] == part })
			text, _ := line["where"].(string)
			cause, _ := line["error"].(string)
			for _, word := range causes {
				if !strings.Contains(text+" "+cause, word) {
					t.Errorf("%s: the line of %s lacks %q: %v", role, part, word, line)
				}
			}
		}
		status := map[string]int{"api": http.StatusOK, "worker": http.StatusServiceUnavailable}[role]
		becomes(t, p.AdminURL(), status, "storage", "down")
		noSecrets(t, p, env["DB_PASSWORD"], env["QUEUE_PASSWORD"], env["AWS_SECRET_ACCESS_KEY"])
		second := maps.Clone(env)
		second["ADMIN_ADDR"] = strings.TrimPrefix(p.AdminURL(), "http://")
		systemtest.Start(t, role, second).Logged("that its admin address is taken", func(l systemtest.LogLine) bool {
			return l["level"] == "WARN" && strings.Contains(l["msg"].(string), "ADMIN_ADDR")
		})
	}
}
