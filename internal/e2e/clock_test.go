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
			w, src := newWorld(t), newHeldSource(t)
			w.env["JOB_LEASE"], w.env["CACHE_LEASE"] = "30s", "5m" // the cache's: longer than the test waits
			env := maps.Clone(w.env)
			env["VITRINE_CLOCK_OFFSET"] = offset.String()
			off := []*process{launch(t, systemtest.Build(t, systemtest.Defective(systemtest.WrongClock)), "api", env), launch(t, systemtest.Build(t, systemtest.Defective(systemtest.WrongClock)), "worker", env)}
			wantClock(t, off[0], offset)

			wrong := client{t, off[0].url()}
			held := fmt.Sprintf("/products/%d", wrong.create("Held", src.URL+"/held/1"))
			<-src.asked // by the worker whose clock is off
			right := client{t, start(t, "api", w.env).url()}
			start(t, "worker", w.env)
			checkFreshness(t, right, wrong, held)
			checkFreshness(t, wrong, right, held)
			w.outlastSweep(t)
			var paths []string
			for i, c := range []client{right, wrong, right, wrong} {
				paths = append(paths, fmt.Sprintf("/products/%d", c.create(fmt.Sprintf("Lamp%d", i), src.URL+fmt.Sprintf("/n/%d", 10+i))))
			}
			src.release()
			for _, path := range append(paths, held) {
				if img := wrong.settled(path).Details[0]; img.Status != "ready" || img.Attempts != 1 {
					t.Errorf("%s: the image is %s after %d attempts: %+v", path, img.Status, img.Attempts, img.Reason)
				}
			}
			w.emptied(t)
		})
	}
}

// outlastSweep waits until the only lease has been renewed for longer than a
// sweep stays away, or is gone.
func (w *world) outlastSweep(t *testing.T) {
	t.Helper()
	first := w.number(t, `SELECT max(lease_until) FROM images`)
	eventually(t, "the lease to be renewed for long", func() bool {
		until := w.number(t, `SELECT max(lease_until) FROM images`)
		return until == 0 || until > first+6000
	})
}

// wantClock makes sure that the clock of the process is as far off as it should.
func wantClock(t *testing.T, p *process, offset time.Duration) {
	t.Helper()
	line := p.logged("where it listens", func(l logLine) bool { return l["msg"] == "listening" })
	at, err := time.Parse(time.RFC3339Nano, line["time"].(string))
	if err != nil || (time.Until(at)-offset).Abs() > time.Minute {
		t.Fatalf("the clock of the process shows %s, want it %s off", at, offset)
	}
}

// checkFreshness changes the product at one API and reads it at another.
func checkFreshness(t *testing.T, writer, reader client, path string) {
	t.Helper()
	for i := range 5 {
		name := fmt.Sprintf("Held %d", i)
		resp, body := writer.do(http.MethodPatch, path, map[string]string{"Content-Type": "application/json"}, `{"product_name":"`+name+`"}`)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("PATCH answered %d %s", resp.StatusCode, body)
		}
		if got := writer.product(path).Name; got != name {
			t.Errorf("the writer reads %q after it wrote %q", got, name)
		}
		eventually(t, "the change at the other API", func() bool { return reader.product(path).Name == name })
	}
}
