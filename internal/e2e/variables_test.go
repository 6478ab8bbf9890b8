package e2e_test

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// platform is the environment that a platform would give for the servers: URLs,
// one in a file, and PORT, with a misspelt name among them.
func platform(t *testing.T) map[string]string {
	t.Helper()
	env := systemtest.SharedServers(t)
	of := func(scheme, prefix, path string) string {
		u := url.URL{
			Scheme: scheme, User: url.UserPassword(env[prefix+"_USER"], env[prefix+"_PASSWORD"]),
			Host: net.JoinHostPort(env[prefix+"_HOST"], env[prefix+"_PORT"]), Path: "/" + path,
		}
		for _, name := range []string{"_HOST", "_PORT", "_USER", "_PASSWORD", "_NAME", "_VHOST"} {
			delete(env, prefix+name)
		}
		return u.String()
	}
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte(of("postgres", "DB", env["DB_NAME"])+"?sslmode=disable\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env["DATABASE_URL_FILE"] = file
	env["REDIS_URL"] = "redis://" + net.JoinHostPort(env["REDIS_HOST"], env["REDIS_PORT"]) + "/0"
	env["AMQP_URL"] = of("amqp", "QUEUE", env["QUEUE_VHOST"])
	env["AWS_ENDPOINT_URL"] = env["AWS_ENDPOINT_URL_S3"]
	for _, name := range []string{"DB_SSLMODE", "REDIS_HOST", "REDIS_PORT", "AWS_ENDPOINT_URL_S3"} {
		delete(env, name)
	}
	_, port, _ := net.SplitHostPort(testserver.Address(t))
	env["HTTP_ADDR"], env["PORT"] = "", port
	env["AUTH"] = "off" // PORT is on all interfaces
	env["JOB_MAX_ATEMPTS"] = "7"
	return env
}

// TestPlatformVariables: what platforms set means the servers, not an embedded
// database on a disk that they throw away.
func TestPlatformVariables(t *testing.T) {
	t.Parallel()
	env := platform(t)
	systemtest.Run(t, "migrate --wait=1m", env)
	api, worker := systemtest.Start(t, "api", env), systemtest.Start(t, "worker", env)
	if got, want := api.URL(), "http://localhost:"+env["PORT"]; got != want {
		t.Errorf("the API listens at %s, want %s", got, want)
	}
	parts := api.Logged("its parts", systemtest.Msg("parts"))
	for part, embedded := range map[string]string{"database": "sqlite", "queue": "in process", "storage": "disk"} {
		if parts[part] == embedded {
			t.Errorf("%s is %v", part, parts[part])
		}
	}
	for _, p := range []*systemtest.Process{api, worker} {
		p.Logged("the misspelt name", func(l systemtest.LogLine) bool {
			return l["level"] == "WARN" && l["variable"] == "JOB_MAX_ATEMPTS" && l["did_you_mean"] == "JOB_MAX_ATTEMPTS"
		})
	}
	c := api.Client()
	photos := systemtest.NewSource(t)
	path := c.Create("From a platform", photos.URL+"/rocket.jpg")
	if p := c.Finished(path); p.Images[0].Status != "ready" {
		t.Errorf("the image is %+v", p.Images[0])
	}
}

// TestHangup: SIGHUP ends a process in order, as SIGTERM does, except where it
// was ignored when the process was started (nohup).
func TestHangup(t *testing.T) {
	t.Parallel()
	p := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir()})
	p.URL()
	p.Signal(syscall.SIGHUP)
	p.AwaitEnd("SIGHUP")
	if !p.State().Success() || p.Count(systemtest.Msg("stopped")) != 1 {
		t.Errorf("SIGHUP ended it with %s", p.State())
	}

	bin := systemtest.Build(t, systemtest.Program)
	script := filepath.Join(t.TempDir(), "nohup")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntrap '' HUP\nexec '"+bin+"' serve\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p = systemtest.New(t, systemtest.Options{Binary: script, Env: map[string]string{"DATA_DIR": t.TempDir()}}).Launch()
	c := p.Client()
	p.Signal(syscall.SIGHUP)
	if got, _ := c.Do(http.MethodGet, "/healthz", nil, ""); got.StatusCode != http.StatusOK {
		t.Errorf("after a SIGHUP that it was to ignore: %d", got.StatusCode)
	}
	p.Signal(syscall.SIGTERM)
	p.AwaitEnd("SIGTERM")
	stopping := systemtest.Msg("stopping: finishing what is under way")
	if !p.State().Success() || p.Count(stopping) != 1 {
		t.Errorf("ended with %s", p.State())
	}
}

// TestMigrateWaits: for a database that comes later, and no longer than it may.
func TestMigrateWaits(t *testing.T) {
	t.Parallel()
	env := systemtest.OnlyPostgres(t)
	line := testserver.Proxy(t, net.JoinHostPort(env["DB_HOST"], env["DB_PORT"]))
	line.Cut()
	host, port, err := net.SplitHostPort(line.Addr())
	if err != nil {
		t.Fatal(err)
	}
	env["DB_HOST"], env["DB_PORT"] = host, port
	for role, wait := range map[string]bool{"migrate": false, "migrate --wait=1s": true} {
		p := systemtest.Start(t, role, env)
		p.AwaitEnd("the database is unavailable")
		said := p.Count(func(l systemtest.LogLine) bool { return l["msg"] == "waiting for the database" && l["at_most"] == "1s" })
		if p.State().Success() || (said > 0) != wait {
			t.Errorf("%s ended with %s; it said %d times that it waits", role, p.State(), said)
		}
	}
	p := systemtest.Start(t, "migrate --wait", env)
	p.Logged("that it waits", func(l systemtest.LogLine) bool { return l["msg"] == "waiting for the database" && l["error"] != nil })
	line.Restore()
	p.AwaitEnd("the database is there")
	if !p.State().Success() {
		t.Errorf("ended with %s", p.State())
	}
	bad := systemtest.Start(t, "migrate --wait=soon", env)
	bad.AwaitEnd("no duration")
	if code := bad.State().ExitCode(); code != 64 {
		t.Errorf("--wait=soon ended with %d", code)
	}
}
