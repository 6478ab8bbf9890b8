package e2e_test

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// hush is in every secret of these tests, so that one search finds them all.
const hush = "hush-"

// spy is a client that keeps every answer.
type spy struct {
	systemtest.Client

	answers *[]string
}

func (s spy) Do(method, path string, headers map[string]string, body string) (systemtest.Reply, []byte) {
	s.T.Helper()
	all := map[string]string{
		"Content-Type": "application/json", "Authorization": "Bearer " + hush + "bearer", "Cookie": "session=" + hush + "cookie",
		"Proxy-Authorization": "Basic " + hush + "proxy", "X-Api-Key": hush + "api-key",
	}
	maps.Copy(all, headers)
	got, answer := s.Client.Do(method, path, all, body)
	*s.answers = append(*s.answers, fmt.Sprint(got, string(answer)))
	return got, answer
}

// wantQuiet looks for secrets in all that the processes wrote and the API
// answered. What a client gave to be shown again, its sources, is no leak in
// an answer.
func wantQuiet(t *testing.T, answers, sources []string, processes ...*systemtest.Process) {
	t.Helper()
	lines := 0
	for _, p := range processes {
		for _, line := range p.Lines() {
			lines++
			if strings.Contains(line, hush) {
				t.Errorf("a secret is in the log: %s", line)
			}
		}
	}
	for _, answer := range answers {
		for _, source := range sources {
			answer = strings.ReplaceAll(answer, source, "")
		}
		if strings.Contains(answer, hush) {
			t.Errorf("a secret is in an answer: %s", answer)
		}
	}
	t.Logf("%d lines of log and %d answers were read", lines, len(answers))
	if lines < 10 {
		t.Error("the processes said too little to be a test")
	}
}

// TestSecretsOnTheWholePath runs everything at LOG_LEVEL=debug, with secrets in
// every place where people have them, on ways that end well and badly.
func TestSecretsOnTheWholePath(t *testing.T) {
	t.Parallel()
	env := systemtest.SharedServers(t)
	env["DB_PASSWORD"], env["JOB_MAX_ATTEMPTS"], env["LOG_LEVEL"] = hush+"db", "1", "debug"
	systemtest.Run(t, "migrate", env)
	api, worker := systemtest.Start(t, "api", env), systemtest.Start(t, "worker", env)
	var answers []string
	s := spy{api.Client(), &answers}
	sources := tellingSources(t)
	_, body := s.Do(http.MethodPost, "/products", nil, draft(sources...))
	var created struct {
		ID int64 `json:"product_id"`
	}
	s.Decode(body, &created)
	path := fmt.Sprintf("/products/%d", created.ID)
	statuses := map[string]int{}
	for _, img := range s.Finished(path).Images {
		statuses[img.Status]++
	}
	if statuses["ready"] != 1 || statuses["failed"] != len(sources)-1 {
		t.Errorf("images ended %v; one is good", statuses)
	}
	s.Do(http.MethodGet, path, nil, "")
	s.Do(http.MethodGet, "/products?product_name=x&token="+hush+"query", nil, "")
	s.Do(http.MethodGet, "/nothing?token="+hush+"query", nil, "")
	for _, source := range []string{"https://user:" + hush + "user@example.com/a.jpg", "https://" + hush + "token@example.com/", "http://a:" + hush + "%zz@b/", "ftp://" + hush + "ftp/"} {
		if got, answer := s.Do(http.MethodPost, "/products", nil, draft(source)); got.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s was answered %d %s", source, got.StatusCode, answer)
		}
		s.Do(http.MethodPatch, path, nil, fmt.Sprintf(`{"product_images":[%q]}`, source))
	}
	s.Do(http.MethodPost, "/products", nil, `{"password": `+hush+`broken`)
	s.Do(http.MethodPut, path, map[string]string{"If-Match": hush}, hush)
	api.Stop()
	worker.Stop()
	wantQuiet(t, answers, sources, api, worker)
	for _, p := range []*systemtest.Process{api, worker} {
		noSecrets(t, p, env["QUEUE_PASSWORD"], env["AWS_SECRET_ACCESS_KEY"])
	}
}

func draft(sources ...string) string {
	return fmt.Sprintf(`{"user_id":1,"product_name":"x","product_price":1,"product_images":["%s"]}`, strings.Join(sources, `","`))
}

// tellingSources are URLs with tokens in their queries, the first a good one.
func tellingSources(t *testing.T) []string {
	t.Helper()
	photos := systemtest.NewSource(t)
	const token = "?X-Amz-Credential=AKIA&X-Amz-Signature=" + hush + "signature"
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", map[string]string{
			"/user":  "http://user:" + hush + "redirect@" + r.Host + "/",
			"/away":  "http://127.0.0.1:1/" + token,
			"/wrong": "http://[" + hush + "]/%zz" + token,
			"/loop":  "/loop" + token,
		}[r.URL.Path])
		w.Header().Set("Set-Cookie", "a="+hush+"cookie")
		w.WriteHeader(http.StatusFound)
	}))
	t.Cleanup(redirect.Close)
	return []string{
		photos.URL + "/rocket.jpg" + token, photos.URL + "/missing.jpg" + token, photos.URL + "/broken.jpg" + token,
		redirect.URL + "/user" + token, redirect.URL + "/away" + token, redirect.URL + "/wrong" + token, redirect.URL + "/loop" + token,
		"http://127.0.0.1:1/" + token, "http://no-such-host.invalid/" + token,
		strings.Replace(photos.URL, "http:", "https:", 1) + "/" + token,
	}
}

// TestSecretsThatAreWrong gives every server but the database a password that
// it refuses: the processes go on without them, and say so.
func TestSecretsThatAreWrong(t *testing.T) {
	t.Parallel()
	env := systemtest.SharedServers(t)
	maps.Copy(env, map[string]string{
		"DB_PASSWORD": hush + "db", "QUEUE_PASSWORD": hush + "queue", "REDIS_PASSWORD": hush + "redis",
		"AWS_SECRET_ACCESS_KEY": hush + "s3", "AWS_SESSION_TOKEN": hush + "session",
	})
	systemtest.Run(t, "migrate", env)
	api, worker := systemtest.Start(t, "api", env), systemtest.Start(t, "worker", env)
	var answers []string
	s := spy{api.Client(), &answers}
	for _, r := range []struct {
		method, path, body string
		want               int
	}{
		{http.MethodPost, "/products", draft("https://example.com/a.jpg"), 201},
		{http.MethodGet, "/products?user_id=1", "", 200},
		{http.MethodGet, "/products/1", "", 200},
		{http.MethodGet, "/readyz", "", 200},
		{http.MethodGet, "/images/a/b.webp", "", 503},
	} {
		if got, answer := s.Do(r.method, r.path, nil, r.body); got.StatusCode != r.want {
			t.Errorf("%s %s answered %d, want %d: %s", r.method, r.path, got.StatusCode, r.want, answer)
		}
	}
	failed := func(l systemtest.LogLine) bool { return l["error"] != nil }
	api.Logged("a failure", failed)
	worker.Logged("a failure", failed)
	worker.Stop()
	api.Stop()
	wantQuiet(t, answers, nil, api, worker)
}

// TestWrongDatabasePassword: a migration ends with the cause; an API and a
// worker say it and wait, for a password can be put right. None shows it.
func TestWrongDatabasePassword(t *testing.T) {
	t.Parallel()
	env := systemtest.OnlyPostgres(t)
	env["DB_HOST"], env["DB_PORT"], _ = strings.Cut(passwordDatabase(t), ":")
	env["DB_PASSWORD"] = hush + "db"
	migrate := systemtest.Start(t, "migrate", env)
	migrate.AwaitEnd("the password is wrong")
	said := migrate.Output()
	if migrate.State().Success() || !strings.Contains(said, "password authentication failed") {
		t.Errorf("migrate: %s, it said %s", migrate.State(), said)
	}
	processes := []*systemtest.Process{migrate}
	for _, role := range []string{"api", "worker"} {
		p := systemtest.Start(t, role, env)
		p.Logged("that the password is wrong", func(l systemtest.LogLine) bool {
			return l["msg"] == "part is not available" && l["part"] == "database" &&
				strings.Contains(fmt.Sprint(l["error"]), "password authentication failed")
		})
		becomes(t, p.AdminURL(), http.StatusServiceUnavailable, "database", "down")
		p.Stop()
		processes = append(processes, p)
	}
	wantQuiet(t, nil, nil, processes...)
}

// TestSecretsInTheWrongVariable puts secrets where a configuration is refused.
func TestSecretsInTheWrongVariable(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"DB_PORT": hush + "x", "DB_SSLMODE": hush + "x", "QUEUE_PORT": hush + "x", "QUEUE_DRIVER": hush + "x", "LOG_LEVEL": hush + "x",
		"WORKER_CONCURRENCY": hush + "x", "WORKER_DOWNLOADS": hush + "x", "IMAGE_AVIF": hush + "x", "IDEMPOTENCY_TTL": hush + "x", "HTTP_ADDR": hush + "x",
		"DB_HOST": "postgres://user:" + hush + "@db/vitrine", "QUEUE_HOST": "amqp://user:" + hush + "@mq",
		"REDIS_HOST": "redis://:" + hush + "@cache:6379", "AWS_ENDPOINT_URL_S3": "https://key:" + hush + "@s3.test",
		"PUBLIC_BASE_URL": "https://key:" + hush + "@cdn.test", "AWS_SECRET_ACCESS_KEY": hush + "x", "AWS_S3_BUCKET": "s3://" + hush + "@b",
		"DATABASE_URL": "postgres://user:" + hush + "#@db/vitrine", "REDIS_URL": "rediss://:" + hush + "@cache:port",
		"AMQP_URL": "amqp://user:" + hush + "@mq?heartbeat=1", "DB_PASSWORD": hush, "QUEUE_PASSWORD": hush, "REDIS_PASSWORD": hush,
		"DB_PASSWORD_FILE": "/" + hush, "DATABASE_URL_FILE": hush, "QUEUE_CA_FILE": hush, "PORT": hush,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			systemtest.Run(t, "version", map[string]string{name: value}) // which asks for nothing
			p := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir(), name: value})
			p.AwaitEnd("the configuration is broken")
			said := p.Output()
			if p.State().Success() || !strings.Contains(said, name) || strings.Contains(said, hush) {
				t.Errorf("%s=%s: %s, it said %q", name, value, p.State(), said)
			}
		})
	}
}

// passwordDatabase is a PostgreSQL that asks for passwords, of which none is
// right, and returns host:port.
func passwordDatabase(t *testing.T) string {
	t.Helper()
	server := testserver.OwnPostgres(t)
	db, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for _, statement := range []string{
		`DO $$ BEGIN EXECUTE format('COPY (SELECT ''host all all all scram-sha-256'') TO %L', current_setting('hba_file')); END $$`,
		`SELECT pg_reload_conf()`,
	} {
		if _, err := db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	u := systemtest.ParseURL(t, server.URL())
	return net.JoinHostPort(u.Hostname(), u.Port())
}
