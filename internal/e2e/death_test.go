package e2e_test

import (
	"fmt"
	"testing"
	"time"
)

// TestWorkerKilled kills one of two workers in the middle of 200 images on the
// real servers: every image still becomes ready.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	const products, each = 10, 20
	env := servers(t)
	env["JOB_LEASE"] = "3s"
	finish(t, "migrate", env)
	c := client{t, start(t, "api", env).url()}
	src := newSource(t)

	victim := start(t, "worker", env)
	start(t, "worker", env)
	paths := make([]string, products)
	for i := range paths {
		paths[i] = fmt.Sprintf("/products/%d", c.create(fmt.Sprintf("Series %d", i), src.numbered(i*each, each)...))
	}
	done := 0
	victim.logged("20 images", func(l logLine) bool {
		if l["msg"] == "image ready" {
			done++
		}
		return done == 20
	})
	victim.kill()

	again := 0
	for _, path := range paths {
		for _, img := range c.settled(path).Details {
			if img.Status != "ready" {
				t.Errorf("%s image %d is %s: %+v", path, img.ID, img.Status, img.Reason)
			}
			if img.Attempts > 1 {
				again++
			}
		}
	}
	t.Logf("%d images had to be begun again", again)
	if again == 0 {
		t.Error("the worker was killed between jobs: the test shows nothing")
	}
}

// TestRestartFinishesTheWork kills an embedded process that has accepted work
// and starts it again: what the dead one had begun is taken up at once, long
// before its leases run out.
func TestRestartFinishesTheWork(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DATA_DIR": t.TempDir(), "JOB_LEASE": "1h"}
	src := newSource(t)
	first := start(t, "serve", env)
	id := client{t, first.url()}.create("Kept", src.numbered(0, 40)...)
	first.logged("an image", func(l logLine) bool { return l["msg"] == "image ready" })
	first.kill()

	began := time.Now()
	c := client{t, start(t, "serve", env).url()}
	for _, img := range c.settled(fmt.Sprintf("/products/%d", id)).Details {
		if img.Status != "ready" {
			t.Errorf("image %d is %s: %+v", img.ID, img.Status, img.Reason)
		}
	}
	t.Logf("all ready %s after the restart", time.Since(began).Round(time.Millisecond))
}

// TestRequestIDReachesTheWorker follows one id from the request to the lines of
// every step.
func TestRequestIDReachesTheWorker(t *testing.T) {
	t.Parallel()
	p := start(t, "serve", map[string]string{"DATA_DIR": t.TempDir()})
	c := client{t, p.url()}
	c.create("traced", newSource(t).URL+"/rocket.jpg")
	for _, step := range []string{"fetch", "render", "store", "complete"} {
		line := p.logged("step "+step, func(l logLine) bool { return l["step"] == step })
		if line["request_id"] != "e2e-traced" || line["image"] == nil || line["product"] == nil || line["duration"] == nil {
			t.Errorf("line of %s lacks something: %v", step, line)
		}
	}
}
