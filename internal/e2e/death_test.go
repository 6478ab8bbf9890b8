package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// TestWorkerKilled kills one of two workers in the middle of 200 images on the
// real servers: every image still becomes ready.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	const products, each = 10, 20
	env := systemtest.SharedServers(t)
	env["JOB_LEASE"] = "3s"
	systemtest.Run(t, "migrate", env)
	c := systemtest.Start(t, "api", env).Client()
	src := systemtest.NewSource(t)

	victim := systemtest.Start(t, "worker", env)
	systemtest.Start(t, "worker", env)
	paths := make([]string, products)
	for i := range paths {
		paths[i] = c.Create(fmt.Sprintf("Series %d", i), src.Numbered(i*each, each)...)
	}
	done := 0
	victim.Logged("20 images", func(l systemtest.LogLine) bool {
		if l["msg"] == "image ready" {
			done++
		}
		return done == 20
	})
	victim.Kill()

	again := 0
	for _, path := range paths {
		for _, img := range c.Finished(path).Images {
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
	src := systemtest.NewSource(t)
	first := systemtest.Start(t, "serve", env)
	path := first.Client().Create("Kept", src.Numbered(0, 40)...)
	first.Logged("an image", systemtest.Msg("image ready"))
	first.Kill()

	began := time.Now()
	c := systemtest.Start(t, "serve", env).Client()
	for _, img := range c.Finished(path).Images {
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
	p := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir()})
	c := p.Client()
	c.Create("traced", systemtest.NewSource(t).URL+"/rocket.jpg")
	for _, step := range []string{"fetch", "render", "store", "complete"} {
		line := p.Logged("step "+step, func(l systemtest.LogLine) bool { return l["step"] == step })
		if line["request_id"] != "e2e-traced" || line["image"] == nil || line["product"] == nil || line["duration"] == nil {
			t.Errorf("line of %s lacks something: %v", step, line)
		}
	}
}
