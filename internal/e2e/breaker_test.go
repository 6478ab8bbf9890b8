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
