package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// TestClockOff runs an API and a worker whose clocks are two minutes off beside
// others whose clocks are right, with leases of half a minute: no job is stolen or
// lost, no answer is stale.
func TestClockOff(t *testing.T) {
	t.Parallel()
	for _, offset := range []time.Duration{-2 * time.Minute, 2 * time.Minute} {
		t.Run(offset.String(), func(t *testing.T) {
			t.Parallel()
			w, src := systemtest.NewSystem(t), systemtest.NewSource(t)
			w.Env["JOB_LEASE"], w.Env["CACHE_LEASE"] = "30s", "5m" // the cache's: longer than the test waits
			w.Env["FETCH_TIMEOUT"] = "10m"
			env := maps.Clone(w.Env)
			env["VITRINE_CLOCK_OFFSET"] = offset.String()
			off := []*systemtest.Process{systemtest.StartVariant(t, systemtest.Defective(systemtest.WrongClock), "api", env), systemtest.StartVariant(t, systemtest.Defective(systemtest.WrongClock), "worker", env)}
			wantClock(t, off[0], offset)

			wrong := off[0].Client()
			held := wrong.Create("Held", src.URL+"/held/1")
			<-src.Held // by the worker whose clock is off
			right := systemtest.Start(t, "api", w.Env).Client()
			systemtest.Start(t, "worker", w.Env)
			checkFreshness(t, right, wrong, held)
			checkFreshness(t, wrong, right, held)
			outlastSweep(t, w)
			var paths []string
			for i, c := range []systemtest.Client{right, wrong, right, wrong} {
				paths = append(paths, c.Create(fmt.Sprintf("Lamp%d", i), src.URL+fmt.Sprintf("/n/%d", 10+i)))
			}
			src.Release()
			for _, path := range append(paths, held) {
				if img := wrong.Finished(path).Images[0]; img.Status != "ready" || img.Attempts != 1 {
					t.Errorf("%s: the image is %s after %d attempts: %+v", path, img.Status, img.Attempts, img.Reason)
				}
			}
			w.AwaitNoWork()
		})
	}
}

// outlastSweep waits until the only lease has been renewed for longer than a
// sweep is absent, or is gone.
func outlastSweep(t *testing.T, w *systemtest.System) {
	t.Helper()
	first := w.Number(`SELECT max(lease_until) FROM images`)
	systemtest.Eventually(t, "the lease to be renewed for long", func() bool {
		until := w.Number(`SELECT max(lease_until) FROM images`)
		return until == 0 || until > first+6000
	})
}

// wantClock makes sure that the clock of the process is as far off as it should.
func wantClock(t *testing.T, p *systemtest.Process, offset time.Duration) {
	t.Helper()
	line := p.Logged("where it listens", systemtest.Msg("listening"))
	at, err := time.Parse(time.RFC3339Nano, line["time"].(string))
	if err != nil || (time.Until(at)-offset).Abs() > time.Minute {
		t.Fatalf("the clock of the process shows %s, want it %s off", at, offset)
	}
}

// checkFreshness changes the product at one API and reads it at another.
func checkFreshness(t *testing.T, writer, reader systemtest.Client, path string) {
	t.Helper()
	for i := range 5 {
		name := fmt.Sprintf("Held %d", i)
		resp, body := writer.Do(http.MethodPatch, path, map[string]string{"Content-Type": "application/json"}, `{"product_name":"`+name+`"}`)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("PATCH answered %d %s", resp.StatusCode, body)
		}
		if got := writer.Product(path).Name; got != name {
			t.Errorf("the writer reads %q after it wrote %q", got, name)
		}
		systemtest.Eventually(t, "the change at the other API", func() bool { return reader.Product(path).Name == name })
	}
}
