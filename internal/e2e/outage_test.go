package e2e_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/testserver"
)

// behind puts a link of the test's own before a server of env.
func behind(t *testing.T, env map[string]string, host, port string) *testserver.TCPProxy {
	t.Helper()
	link := testserver.Proxy(t, net.JoinHostPort(env[host], env[port]))
	var err error
	if env[host], env[port], err = net.SplitHostPort(link.Addr()); err != nil {
		t.Fatal(err)
	}
	return link
}

// TestCreateWithoutBrokerAndCache cuts both off: products are created and read
// as ever, and their images become ready once both are back.
func TestCreateWithoutBrokerAndCache(t *testing.T) {
	t.Parallel()
	env := servers(t)
	broker, cache := behind(t, env, "QUEUE_HOST", "QUEUE_PORT"), behind(t, env, "REDIS_HOST", "REDIS_PORT")
	finish(t, "migrate", env)
	api := start(t, "api", env)
	c := client{t, api.url()}
	start(t, "worker", env)
	src := newSource(t)
	c.settled(fmt.Sprintf("/products/%d", c.create("Before", src.numbered(0, 2)...)))

	broker.Cut()
	cache.Cut()
	var paths []string
	for i := range 10 {
		began := time.Now()
		paths = append(paths, fmt.Sprintf("/products/%d", c.create(fmt.Sprintf("Meanwhile %d", i), src.numbered(10+2*i, 2)...)))
		if p := c.product(paths[i]); len(p.Details) != 2 || p.Details[0].Status != "pending" {
			t.Errorf("without a broker the product reads %+v", p)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("a create and a read took %s", took)
		}
	}
	broker.Restore()
	cache.Restore()
	for _, path := range paths {
		for _, img := range c.settled(path).Details {
			if img.Status != "ready" || img.Attempts != 1 {
				t.Errorf("%s: image %d is %s after %d attempts: %+v", path, img.ID, img.Status, img.Attempts, img.Reason)
			}
		}
	}
	noSecrets(t, api, env["DB_PASSWORD"], env["QUEUE_PASSWORD"], env["AWS_SECRET_ACCESS_KEY"])
}

// noSecrets looks for secrets in every value of the log. The password of the
// test servers is also a name of ours, so only whole values count for it.
func noSecrets(t *testing.T, p *process, secrets ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.raw {
		for _, secret := range secrets {
			if strings.Contains(line, ":"+secret+"@") || strings.Contains(line, `"`+secret+`"`) || strings.Contains(line, "="+secret) {
				t.Errorf("a secret is in the log: %s", line)
			}
		}
	}
}

// TestStopDrains stops a process in the middle of its work: it finishes what
// is under way, ends with success, and the rest is done at the next start, each
// image at its first attempt.
func TestStopDrains(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DATA_DIR": t.TempDir()}
	src := newSource(t)
	first := start(t, "serve", env)
	path := fmt.Sprintf("/products/%d", client{t, first.url()}.create("Drained", src.numbered(0, 40)...))
	first.logged("an image", func(l logLine) bool { return l["msg"] == "image ready" })
	first.stop()
	if !first.cmd.ProcessState.Success() {
		t.Errorf("the stopped process ended with %s", first.cmd.ProcessState)
	}
	c := client{t, start(t, "serve", env).url()}
	before := 0
	for _, img := range c.product(path).Details {
		if img.Status == "ready" {
			before++
		}
	}
	for _, img := range c.settled(path).Details {
		if img.Status != "ready" || img.Attempts != 1 {
			t.Errorf("image %d is %s after %d attempts: %+v", img.ID, img.Status, img.Attempts, img.Reason)
		}
	}
	t.Logf("%d of 40 images were ready right after the restart", before)
}
