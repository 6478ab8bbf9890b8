package e2e_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// takeOver is longer than it takes until another process exposes the figures of the installation.
const takeOver = 2 * time.Minute

// metricsOf returns what the process exposes, by the name with its labels in the order of their names.
func metricsOf(t *testing.T, admin string) map[string]float64 {
	t.Helper()
	reply, body := systemtest.Client{T: t, URL: admin}.Do(http.MethodGet, "/metrics", nil, "")
	if reply.StatusCode != http.StatusOK || !strings.HasPrefix(reply.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("/metrics: %d %s", reply.StatusCode, reply.Header.Get("Content-Type"))
	}
	all := map[string]float64{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z_]+(?:\{.*\})?) (\S+)$`).FindAllStringSubmatch(string(body), -1) {
		value, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		all[m[1]] = value
	}
	return all
}

// TestMetrics: what a product and its images do is counted, on the listener for operators alone.
func TestMetrics(t *testing.T) {
	t.Parallel()
	src := systemtest.NewSource(t)
	p := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir(), "JOB_MAX_ATTEMPTS": "1"})
	c, admin := systemtest.Client{T: t, URL: p.URL()}, p.AdminURL()
	c.Finished(c.Create("Counted", src.URL+"/rocket.jpg", src.URL+"/missing.jpg"))
	want := map[string]float64{
		`vitrine_http_request_duration_seconds_count{method="POST",route="/products",status_class="2xx"}`: 1,
		`vitrine_image_attempts_total{outcome="ready",reason=""}`:                                         1,
		`vitrine_image_attempts_total{outcome="failed",reason="source_not_found"}`:                        1,
		`vitrine_image_ready_seconds_count`:                                                               1,
		`vitrine_image_ready_seconds_bucket{le="60"}`:                                                     1,
		`vitrine_image_step_duration_seconds_count{outcome="done",step="fetch"}`:                          1,
		`vitrine_image_step_duration_seconds_count{outcome="failed",step="fetch"}`:                        1,
		`vitrine_image_step_duration_seconds_count{outcome="done",step="complete"}`:                       1,
		`vitrine_worker_slots`: 64,
		// The one process of the installation has the figures of all; its first sample may be older.
		`vitrine_dead_letters{kind="image"}`:              1,
		`vitrine_dead_letters{kind="message"}`:            0,
		`vitrine_jobs_waiting{state="due"}`:               0,
		`vitrine_job_oldest_age_seconds{state="in_line"}`: 0,
		`vitrine_hosts_open`:                              0,
		`vitrine_pixel_budget_used_ratio`:                 0,
		`vitrine_jobs_in_work`:                            0,
	}
	var got map[string]float64
	defer func() {
		if t.Failed() {
			t.Log(got)
		}
	}()
	systemtest.Within(t, takeOver, "all is counted", func() bool {
		got = metricsOf(t, admin)
		for name, value := range want {
			if found, there := got[name]; !there || found != value {
				return false
			}
		}
		return true
	})
	for _, reader := range []string{"cache", "webhooks", "progress", "feed", "signing"} {
		if lag, there := got[`vitrine_events_reader_lag_seconds{reader="`+reader+`"}`]; !there || lag > 30 {
			t.Errorf("the reader %s is behind by %v s (%t)", reader, lag, there)
		}
	}
	if got["vitrine_render_children"] < 1 || got["go_goroutines"] < 1 || got["process_resident_memory_bytes"] < 1 {
		t.Errorf("%v render processes, %v goroutines, %v bytes", got["vitrine_render_children"], got["go_goroutines"], got["process_resident_memory_bytes"])
	}
	for name := range got {
		if strings.Contains(name, "127.0.0.1") || strings.Contains(name, "Counted") {
			t.Errorf("%s names a host or a product", name)
		}
	}
	for path, status := range map[string]int{"/metrics": http.StatusNotFound, "/debug/pprof/": http.StatusNotFound} {
		c.Send(http.MethodGet, path, "", status)
	}
	systemtest.Client{T: t, URL: admin}.Send(http.MethodGet, "/debug/pprof/goroutine?debug=1", "", http.StatusOK)
}

// TestOneProcessHasTheFigures of the installation, and another one when it is killed.
func TestOneProcessHasTheFigures(t *testing.T) {
	t.Parallel()
	env := systemtest.OnlyPostgres(t)
	systemtest.Run(t, "migrate", env)
	const figure = "vitrine_hosts_open"
	var running []*systemtest.Process
	for _, role := range []string{"api", "worker"} {
		running = append(running, systemtest.Start(t, role, maps.Clone(env)))
	}
	exposing := func() (those []*systemtest.Process) {
		for _, p := range running {
			if _, there := metricsOf(t, p.AdminURL())[figure]; there {
				those = append(those, p)
			}
		}
		return those
	}
	systemtest.Within(t, takeOver, "one process exposes the figures", func() bool { return len(exposing()) == 1 })
	for range 20 { // it stays alone, and the same
		if those := exposing(); len(those) != 1 {
			t.Fatalf("%d processes expose the figures", len(those))
		}
		systemtest.Pause(t, 100*time.Millisecond)
	}
	first := exposing()[0]
	first.Kill()
	running = slices.DeleteFunc(running, func(p *systemtest.Process) bool { return p == first })
	systemtest.Within(t, takeOver, "the other process exposes the figures", func() bool { return len(exposing()) == 1 })
}
