package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// TestCreateWithoutBrokerAndCache cuts both off: products are created and read
// as ever, and their images become ready once both are back.
func TestCreateWithoutBrokerAndCache(t *testing.T) {
	t.Parallel()
	env := systemtest.SharedServers(t)
	broker, cache := systemtest.Behind(t, env, "QUEUE"), systemtest.Behind(t, env, "REDIS")
	systemtest.Run(t, "migrate", env)
	api := systemtest.Start(t, "api", env)
	c := api.Client()
	systemtest.Start(t, "worker", env)
	src := systemtest.NewSource(t)
	c.Finished(c.Create("Before", src.Numbered(0, 2)...))

	broker.Cut()
	cache.Cut()
	var paths []string
	for i := range 10 {
		began := time.Now()
		paths = append(paths, c.Create(fmt.Sprintf("Meanwhile %d", i), src.Numbered(10+2*i, 2)...))
		if p := c.Product(paths[i]); len(p.Images) != 2 || p.Images[0].Status != "pending" {
			t.Errorf("without a broker the product reads %+v", p)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("a create and a read took %s", took)
		}
	}
	broker.Restore()
	cache.Restore()
	for _, path := range paths {
		for _, img := range c.Finished(path).Images {
			if img.Status != "ready" || img.Attempts != 1 {
				t.Errorf("%s: image %d is %s after %d attempts: %+v", path, img.ID, img.Status, img.Attempts, img.Reason)
			}
		}
	}
	noSecrets(t, api, env["DB_PASSWORD"], env["QUEUE_PASSWORD"], env["AWS_SECRET_ACCESS_KEY"])
}

// noSecrets looks for secrets in every value of the log. The password of the
// test servers is also a name of ours, so only whole values count for it.
func noSecrets(t *testing.T, p *systemtest.Process, secrets ...string) {
	t.Helper()
	for _, line := range p.Lines() {
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
	src := systemtest.NewSource(t)
	first := systemtest.Start(t, "serve", env)
	path := first.Client().Create("Drained", src.Numbered(0, 40)...)
	first.Logged("an image", systemtest.Msg("image ready"))
	first.Stop()
	if !first.State().Success() {
		t.Errorf("the stopped process ended with %s", first.State())
	}
	c := systemtest.Start(t, "serve", env).Client()
	before := 0
	for _, img := range c.Product(path).Images {
		if img.Status == "ready" {
			before++
		}
	}
	for _, img := range c.Finished(path).Images {
		if img.Status != "ready" || img.Attempts != 1 {
			t.Errorf("image %d is %s after %d attempts: %+v", img.ID, img.Status, img.Attempts, img.Reason)
		}
	}
	t.Logf("%d of 40 images were ready right after the restart", before)
}
