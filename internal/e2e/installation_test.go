package e2e_test

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"vitrine.dev/internal/cache/redis"
	"vitrine.dev/internal/systemtest"
)

// without returns the environment without the variables that begin so.
func without(env map[string]string, prefix string) map[string]string {
	rest := maps.Clone(env)
	maps.DeleteFunc(rest, func(name, _ string) bool { return strings.HasPrefix(name, prefix) })
	return rest
}

// refuses runs a role to its end, which has to say that, and begins to fail.
func refuses(t *testing.T, role string, env map[string]string, text string) {
	t.Helper()
	p := systemtest.Finish(t, role, env)
	if p.State().ExitCode() != 1 || !strings.Contains(p.Output(), text) {
		t.Errorf("%s ended with %s and said %q, want %q", role, p.State(), p.Output(), text)
	}
}

// TestProcessWithFewerParts does not run beside those that have more, in either
// order: it would publish images that no URL leads to, or keep its changes from
// the cache.
func TestProcessWithFewerParts(t *testing.T) {
	t.Parallel()
	env := systemtest.SharedServers(t)
	env["DATA_DIR"] = t.TempDir()
	systemtest.Run(t, "migrate", env)
	photos := systemtest.NewSource(t)

	early := systemtest.Start(t, "worker", without(env, "AWS_"))
	early.Logged("the worker works", systemtest.Msg("consumer is connected"))
	api := systemtest.Start(t, "api", env)
	systemtest.AwaitReady(t, api.URL())
	early.AwaitEnd("others have a bucket")
	if text := early.Output(); early.State().Success() || !strings.Contains(text, "AWS_S3_BUCKET is not set here") {
		t.Errorf("the worker without a bucket ended with %s and said %q", early.State(), text)
	}
	for prefix, text := range map[string]string{
		"AWS_": "AWS_S3_BUCKET is not set here", "REDIS_": "REDIS_HOST or REDIS_URL is not set here", "QUEUE_": "vitrine adopt queue",
	} {
		refuses(t, "worker", without(env, prefix), text)
		refuses(t, "api", without(env, prefix), text)
	}
	worker := systemtest.Start(t, "worker", env)
	p := api.Client().Finished(api.Client().Create("Whole", photos.URL+"/coffee.png"))
	for _, file := range systemtest.Files(p.Images[0]) {
		if got, _ := api.Client().Do(http.MethodGet, file.URL, nil, ""); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", file.URL, got.StatusCode)
		}
	}

	// What is wanted is made by hand, when no process has the server any more.
	api.Stop()
	worker.Stop()
	systemtest.Run(t, "adopt cache", without(env, "REDIS_"))
	systemtest.Start(t, "api", without(env, "REDIS_")).URL()
}

// TestServersOfAnotherInstallation are refused, each by itself, until they are
// adopted.
func TestServersOfAnotherInstallation(t *testing.T) {
	t.Parallel()
	theirs, ours := systemtest.SharedServers(t), systemtest.SharedServers(t)
	for _, env := range []map[string]string{theirs, ours} {
		systemtest.Run(t, "migrate", env)
	}
	first := systemtest.Start(t, "api", theirs)
	systemtest.AwaitReady(t, first.URL())
	for part, names := range map[string][]string{
		"storage": {"AWS_S3_BUCKET"}, "cache": {"REDIS_PREFIX"}, "queue": {"QUEUE_VHOST"},
	} {
		env := maps.Clone(ours)
		for _, name := range names {
			env[name] = theirs[name]
		}
		refuses(t, "api", env, "the "+part+" belongs to another installation")
	}
	first.Stop()
	env := maps.Clone(ours)
	env["AWS_S3_BUCKET"] = theirs["AWS_S3_BUCKET"]
	systemtest.Run(t, "adopt storage", env)
	systemtest.AwaitReady(t, systemtest.Start(t, "api", env).URL())
	refuses(t, "api", theirs, "the storage belongs to another installation")
}

// TestRestoreWithoutFlushingRedis: ids are given again to other products, and no
// one gets the first's, neither from the cache nor by an entity tag. The database
// is another one, or the same one with an older state.
func TestRestoreWithoutFlushingRedis(t *testing.T) {
	t.Parallel()
	for name, restore := range map[string]func(t *testing.T, env map[string]string, admin *pgx.Conn){
		"from a dump": func(t *testing.T, env map[string]string, admin *pgx.Conn) {
			t.Helper()
			name := env["DB_NAME"]
			execute(t, admin, "DROP DATABASE "+name, "ALTER DATABASE "+name+"_old RENAME TO "+name)
		},
		"the volume": func(t *testing.T, env map[string]string, admin *pgx.Conn) {
			t.Helper()
			awaitPosition(t, env)
			execute(t, admin, "DROP DATABASE "+env["DB_NAME"]+"_old")
			execute(t, connect(t, env, env["DB_NAME"]), "TRUNCATE products, events, event_readers RESTART IDENTITY CASCADE")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := systemtest.SharedServers(t) // images are read from the bucket: tags do not differ by the port
			systemtest.Run(t, "migrate", env)
			first := systemtest.Start(t, "api", env)
			systemtest.AwaitReady(t, first.URL())
			first.Stop()
			admin := connect(t, env, "postgres")
			execute(t, admin, "CREATE DATABASE "+env["DB_NAME"]+"_old TEMPLATE "+env["DB_NAME"])

			first = systemtest.Start(t, "api", env)
			path := first.Client().Create("The first's")
			tag := tagOf(first.Client(), path)
			if name == "the volume" {
				awaitPosition(t, env)
			}
			first.Stop()
			restore(t, env, admin)

			second := systemtest.Start(t, "api", env)
			c := second.Client()
			if got, _ := c.Do(http.MethodGet, path, nil, ""); got.StatusCode != http.StatusNotFound {
				t.Errorf("what was made after the backup: %d", got.StatusCode)
			}
			if again := c.Create("The second's"); again != path {
				t.Fatalf("the next product is %s, want %s again", again, path)
			}
			got, body := c.Do(http.MethodGet, path, map[string]string{"If-None-Match": tag}, "")
			if got.StatusCode != http.StatusOK || !strings.Contains(string(body), "The second's") {
				t.Errorf("the second gets %d %s", got.StatusCode, body)
			}
		})
	}
}

// TestExchangedDatabase: another database takes the name of the first while an API
// runs. It notices within a poll of the installation and the time that a lost
// connection takes.
func TestExchangedDatabase(t *testing.T) {
	t.Parallel()
	env := systemtest.SharedServers(t)
	systemtest.Run(t, "migrate", env)
	start := systemtest.Start(t, "api", env)
	systemtest.AwaitReady(t, start.URL())
	start.Stop()
	admin, name := connect(t, env, "postgres"), env["DB_NAME"]
	execute(t, admin, "CREATE DATABASE "+name+"_other TEMPLATE "+name)
	c := systemtest.Start(t, "api", env).Client()
	path := c.Create("The first's")
	c.Product(path)
	t.Cleanup(func() { execute(t, connect(t, env, "postgres"), "DROP DATABASE "+name+"_first WITH (FORCE)") })
	execute(t, admin,
		"ALTER DATABASE "+name+" ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '"+name+"'",
		"ALTER DATABASE "+name+" RENAME TO "+name+"_first", "ALTER DATABASE "+name+"_other RENAME TO "+name)
	systemtest.Eventually(t, "the first database's product to be gone", func() bool {
		got, _ := c.Do(http.MethodGet, path, nil, "")
		return got.StatusCode == http.StatusNotFound
	})
}

// TestCopiedFile: a `serve` on a copy of DATA_DIR takes no entity tag of the first
// for its own, and deletes no files until it is told that it is the only one.
func TestCopiedFile(t *testing.T) {
	t.Parallel()
	data, copied := t.TempDir(), filepath.Join(t.TempDir(), "data")
	at := func(folder string) map[string]string { // the port differs from one start to the next
		return map[string]string{"DATA_DIR": folder, "PUBLIC_BASE_URL": "http://images.test"}
	}
	serve := systemtest.Start(t, "serve", at(data))
	path := serve.Client().Create("Kept")
	tag := tagOf(serve.Client(), path)
	serve.Stop()
	if err := os.CopyFS(copied, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	again := func(folder string) int {
		t.Helper()
		serve := systemtest.Start(t, "serve", at(folder))
		defer serve.Stop()
		got, _ := serve.Client().Do(http.MethodGet, path, map[string]string{"If-None-Match": tag}, "")
		return got.StatusCode
	}
	if status := again(data); status != http.StatusNotModified {
		t.Errorf("the same folder answers with %d", status)
	}
	if status := again(copied); status != http.StatusOK {
		t.Errorf("the copy answers with %d", status)
	}
	env := at(copied)
	if said := systemtest.Run(t, "fsck", env); !strings.Contains(said, "this database is a copy") {
		t.Errorf("fsck of the copy says %q", said)
	}
	systemtest.Run(t, "restored", env)
	if said := systemtest.Run(t, "fsck", env); strings.Contains(said, "is a copy") {
		t.Errorf("fsck of what was restored says %q", said)
	}
}

func tagOf(c systemtest.Client, path string) string {
	got, _ := c.Do(http.MethodGet, path, nil, "")
	return got.Header.Get("ETag")
}

// connect connects past the processes to a database of the server.
func connect(t *testing.T, env map[string]string, name string) *pgx.Conn {
	t.Helper()
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(env["DB_USER"], env["DB_PASSWORD"]),
		Host: net.JoinHostPort(env["DB_HOST"], env["DB_PORT"]), Path: "/" + name, RawQuery: "sslmode=disable",
	}
	conn, err := pgx.Connect(context.WithoutCancel(t.Context()), u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// awaitPosition waits until the cache knows how far the log was acted on.
func awaitPosition(t *testing.T, env map[string]string) {
	t.Helper()
	port, err := strconv.ParseUint(env["REDIS_PORT"], 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	cfg := redis.DefaultConfig()
	cfg.Host, cfg.Port, cfg.Prefix = env["REDIS_HOST"], uint16(port), env["REDIS_PREFIX"]
	c := redis.New(t.Context(), cfg)
	defer c.Close()
	systemtest.Eventually(t, "the cache to know the position in the log", func() bool {
		_, id, err := c.LastEvent(t.Context())
		return err == nil && id > 0
	})
}
