package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

// TestRestartAsksNoHostThatIsDown restarts the process in the middle of an outage
// of a host: its images wait without an attempt, and it gets no request, while
// pictures of another host become ready.
func TestRestartAsksNoHostThatIsDown(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer down.Close()
	env := map[string]string{"DATA_DIR": t.TempDir()}
	good := systemtest.NewSource(t)
	first := systemtest.Start(t, "serve", env)
	c := first.Client() // once the schema is there
	now := time.Now().UnixMilli()
	change(t, "sqlite", "file:"+filepath.Join(env["DATA_DIR"], "vitrine.db")+"?_pragma=busy_timeout(10000)", `
		INSERT INTO hosts (host, failures, failing_at, failed_at, open_until, reason, used_at) VALUES ($1, 9, $2, $2, $3, 'source_unreachable', $2)`,
		strings.TrimPrefix(down.URL, "http://"), now, now+time.Hour.Milliseconds())
	urls := make([]string, 10)
	for i := range urls {
		urls[i] = fmt.Sprintf("%s/%d.jpg", down.URL, i)
	}
	waiting := c.Create("Waits", urls...)
	c.Finished(c.Create("Before the restart", good.Numbered(0, 3)...))
	first.Kill()
	c = systemtest.Start(t, "serve", env).Client()
	for _, img := range c.Finished(c.Create("After it", good.Numbered(3, 3)...)).Images {
		if img.Status != "ready" {
			t.Errorf("image %d of the good host is %s", img.ID, img.Status)
		}
	}
	for _, img := range c.Product(waiting).Images {
		if img.Status != "pending" || img.Attempts != 0 {
			t.Errorf("image %d of the host that is down is %s after %d attempts", img.ID, img.Status, img.Attempts)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the host that is down was asked %d times", n)
	}
}

// TestSilentHostGivesUpItsImages: a host has answered no one for as long as an image
// may wait, so that all that wait for it fail, most of them without an attempt. When it
// is back, one replay by host makes them ready.
func TestSilentHostGivesUpItsImages(t *testing.T) {
	t.Parallel()
	good := systemtest.NewSource(t)
	var back atomic.Bool
	var asked atomic.Int64
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if back.Load() {
			http.Redirect(w, r, good.URL+r.URL.Path, http.StatusFound)
			return
		}
		asked.Add(1)
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = c.Close()
		}
	}))
	defer host.Close()
	c := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir(), "JOB_MAX_AGE": "8s"}).Client()
	const products, each = 5, 41 // more than fail in one transaction
	var paths []string
	for p := range products {
		urls := make([]string, each)
		for i := range urls {
			urls[i] = fmt.Sprintf("%s/n/%d", host.URL, p*each+i)
		}
		paths = append(paths, c.Create(fmt.Sprintf("Silent %d", p), urls...))
	}
	c.Finished(c.Create("Beside it", good.Numbered(1000, 3)...))
	// The breaker opens after five, for 5 s and then 10 s, and each probe is one request.
	const most = 5 + 3
	untried := 0
	for _, path := range paths {
		for _, img := range c.Finished(path).Images {
			if img.Status != "failed" || img.Reason == nil || img.Reason.Code != "source_unreachable" {
				t.Fatalf("%s: image %d is %s: %+v", path, img.ID, img.Status, img.Reason)
			}
			if img.Attempts == 0 {
				untried++
			}
		}
	}
	if n := asked.Load(); n > most || untried < products*each-most {
		t.Errorf("the host was asked %d times, %d images failed without an attempt", n, untried)
	}
	back.Store(true)
	name := strings.TrimPrefix(host.URL, "http://")
	if out := deadLettersSay(t, c.URL, "replay", "--host", name); out != fmt.Sprintf("%d replayed\n", products*each) {
		t.Errorf("replay: %q", out)
	}
	for _, path := range paths {
		for _, img := range c.Finished(path).Images {
			if img.Status != "ready" {
				t.Errorf("%s: image %d is %s: %+v", path, img.ID, img.Status, img.Reason)
			}
		}
	}
}
