package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// platform is the environment that a platform would give for the servers: URLs,
// one in a file, and PORT, with a misspelt name among them.
func platform(t *testing.T) map[string]string {
	t.Helper()
	env := servers(t)
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
	env["HTTP_ADDR"], env["PORT"] = "", strconv.Itoa(freePort(t))
	env["JOB_MAX_ATEMPTS"] = "7"
	return env
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestPlatformVariables: what platforms set means the servers, not an embedded
// database on a disk that they throw away.
func TestPlatformVariables(t *testing.T) {
	t.Parallel()
	env := platform(t)
	finish(t, "migrate --wait=1m", env)
	api, worker := start(t, "api", env), start(t, "worker", env)
	if got, want := api.url(), "http://localhost:"+env["PORT"]; got != want {
		t.Errorf("the API listens at %s, want %s", got, want)
	}
	parts := api.logged("its parts", func(l logLine) bool { return l["msg"] == "parts" })
	for part, embedded := range map[string]string{"database": "sqlite", "queue": "in process", "storage": "disk"} {
		if parts[part] == embedded {
			t.Errorf("%s is %v", part, parts[part])
		}
	}
	for _, p := range []*process{api, worker} {
		p.logged("the misspelt name", func(l logLine) bool {
			return l["level"] == "WARN" && l["variable"] == "JOB_MAX_ATEMPTS" && l["did_you_mean"] == "JOB_MAX_ATTEMPTS"
		})
	}
	c := client{t, api.url()}
	photos := newSource(t)
	id := c.create("From a platform", photos.URL+"/rocket.jpg")
	if p := c.settled(fmt.Sprintf("/products/%d", id)); p.Details[0].Status != "ready" {
		t.Errorf("the image is %+v", p.Details[0])
	}
}

// TestHangup: SIGHUP ends a process in order, as SIGTERM does, except where it
// was ignored when the process was started (nohup).
func TestHangup(t *testing.T) {
	t.Parallel()
	p := start(t, "serve", map[string]string{"DATA_DIR": t.TempDir()})
	p.url()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.ended("SIGHUP")
	if !p.cmd.ProcessState.Success() || p.count(func(l logLine) bool { return l["msg"] == "stopped" }) != 1 {
		t.Errorf("SIGHUP ended it with %s", p.cmd.ProcessState)
	}

	bin := systemtest.Build(t, systemtest.Program)
	script := filepath.Join(t.TempDir(), "nohup")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntrap '' HUP\nexec '"+bin+"' serve\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p = launch(t, script, "", map[string]string{"DATA_DIR": t.TempDir()})
	c := client{t, p.url()}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got, _ := c.do(http.MethodGet, "/healthz", nil, ""); got.StatusCode != http.StatusOK {
		t.Errorf("after a SIGHUP that it was to ignore: %d", got.StatusCode)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.ended("SIGTERM")
	stopping := func(l logLine) bool { return l["msg"] == "stopping: finishing what is under way" }
	if !p.cmd.ProcessState.Success() || p.count(stopping) != 1 {
		t.Errorf("ended with %s", p.cmd.ProcessState)
	}
}

// TestMigrateWaits: for a database that comes later, and no longer than it may.
func TestMigrateWaits(t *testing.T) {
	t.Parallel()
	env := postgresOnly(t)
	line := testserver.Proxy(t, net.JoinHostPort(env["DB_HOST"], env["DB_PORT"]))
	line.Cut()
	host, port, err := net.SplitHostPort(line.Addr())
	if err != nil {
		t.Fatal(err)
	}
	env["DB_HOST"], env["DB_PORT"] = host, port
	for role, wait := range map[string]bool{"migrate": false, "migrate --wait=1s": true} {
		p := start(t, role, env)
		p.ended("the database is unavailable")
		said := p.count(func(l logLine) bool { return l["msg"] == "waiting for the database" && l["at_most"] == "1s" })
		if p.cmd.ProcessState.Success() || (said > 0) != wait {
			t.Errorf("%s ended with %s; it said %d times that it waits", role, p.cmd.ProcessState, said)
		}
	}
	p := start(t, "migrate --wait", env)
	p.logged("that it waits", func(l logLine) bool { return l["msg"] == "waiting for the database" && l["error"] != nil })
	line.Restore()
	p.ended("the database is there")
	if !p.cmd.ProcessState.Success() {
		t.Errorf("ended with %s", p.cmd.ProcessState)
	}
	bad := start(t, "migrate --wait=soon", env)
	bad.ended("no duration")
	if code := bad.cmd.ProcessState.ExitCode(); code != 64 {
		t.Errorf("--wait=soon ended with %d", code)
	}
}
