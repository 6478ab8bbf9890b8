package e2e_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/systemtest"
)

// deadLetters starts `vitrine dead-letters` against the API.
func deadLetters(t *testing.T, api string, args ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	bin := systemtest.Build(t, systemtest.Program)
	cmd := exec.CommandContext(t.Context(), bin, append([]string{"dead-letters", "--url", api}, args...)...)
	cmd.Dir = t.TempDir()
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// deadLettersSay runs it to its good end and returns what it wrote.
func deadLettersSay(t *testing.T, api string, args ...string) string {
	t.Helper()
	cmd, out := deadLetters(t, api, args...)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("dead-letters %v: %v: %s", args, err, out)
	}
	return out.String()
}

// TestDeadLettersFromFailureToReady: a host loses its pictures, they are
// listed, the host is repaired, and a replay by filter makes all of them ready.
func TestDeadLettersFromFailureToReady(t *testing.T) {
	t.Parallel()
	good := systemtest.NewSource(t)
	var repaired atomic.Bool
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !repaired.Load() {
			http.NotFound(w, r)
			return
		}
		http.Redirect(w, r, good.URL+r.URL.Path, http.StatusFound)
	}))
	t.Cleanup(broken.Close)
	api := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir()}).URL()
	c := systemtest.Client{T: t, URL: api}
	path := c.Create("broken", broken.URL+"/n/1", broken.URL+"/n/2", good.URL+"/n/3", good.URL+"/missing.jpg")
	before := c.Finished(path)

	if list := deadLettersSay(t, api, "list"); strings.Count(list, "source_not_found") != 3 {
		t.Errorf("listed:\n%s", list)
	}
	host := strings.TrimPrefix(broken.URL, "http://")
	if out := deadLettersSay(t, api, "replay", "--host", host, "--dry-run"); out != "2 would be replayed\n" {
		t.Errorf("dry run: %q", out)
	}
	repaired.Store(true)
	if out := deadLettersSay(t, api, "replay", "--host", host, "--since", "1h", "--rate", "10"); !strings.HasSuffix(out, " done: 2 of 2 replayed\n") {
		t.Errorf("replay: %q", out)
	}
	after := c.Finished(path)
	for i, want := range []string{"ready", "ready", "ready", "failed"} {
		if after.Images[i].Status != want {
			t.Errorf("image %d is %s: %+v", i, after.Images[i].Status, after.Images[i].Reason)
		}
	}
	last := before.Images[3].ID
	if out := deadLettersSay(t, api, "discard", "--ids", fmt.Sprintf("%d,message-9", last)); out != "1 discarded\nmessage-9 is not a dead letter\n" {
		t.Errorf("discard: %q", out)
	}
	if list := deadLettersSay(t, api, "list", "--json"); list != "" {
		t.Errorf("still listed:\n%s", list)
	}
	resp, body := c.Do(http.MethodPost, fmt.Sprintf("%s/images/%d/replay", path, last), nil, "")
	if resp.StatusCode != http.StatusAccepted {
		t.Errorf("the owner's replay answered %d %s", resp.StatusCode, body)
	}
	cmd, out := deadLetters(t, api, "replay")
	if cmd.Wait() == nil || !strings.Contains(out.String(), "--all") {
		t.Errorf("a replay of nothing in particular: %s", out)
	}
}

// seedDead fills an embedded database with n failed images.
func seedDead(t *testing.T, dir string, n int) (db *sql.DB) {
	t.Helper()
	file := filepath.Join(dir, "vitrine.db")
	s, err := sqlstore.OpenSQLite(t.Context(), file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < n; i += catalog.MaxImages {
		p := catalog.NewProduct{UserID: 1, Name: "n"}
		for j := range catalog.MaxImages {
			p.Images = append(p.Images, fmt.Sprintf("http://127.0.0.1:1/%d.jpg", i+j)) // no one listens
		}
		for {
			_, err := s.CreateProduct(t.Context(), p)
			if err == nil {
				break
			}
			if fault.KindOf(err) != fault.Unavailable || t.Context().Err() != nil { // a busy disk
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = sql.Open("sqlite", file+"?_pragma=busy_timeout(20000)"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for _, statement := range []string{
		`UPDATE images SET status = 'failed', reason = 'source_not_found', stage = NULL, failed_at = 1000 + id / 7, attempts = 1`,
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func number(t *testing.T, db *sql.DB, query string) (n int64) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

type deadJob struct {
	Done  int64  `json:"done"`
	State string `json:"state"`
}

// reach waits until the newest job has done so many, or ended.
func reach(t *testing.T, c systemtest.Client, done int64) deadJob {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), systemtest.Patience)
	defer cancel()
	for {
		_, body := c.Do(http.MethodGet, "/dead-letters/jobs", nil, "")
		var page struct {
			Data []deadJob `json:"data"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			t.Fatal(err)
		}
		jobs := page.Data
		if len(jobs) > 0 && (jobs[0].Done >= done || jobs[0].State != "running") {
			return jobs[0]
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", body)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestLargeReplay replays 5,000 images: aborted by Ctrl-C in the middle, begun
// again, and continued by the next process where the first is killed. Every
// image is replayed exactly once.
func TestLargeReplay(t *testing.T) {
	t.Parallel()
	const images = 5000
	env := map[string]string{"DATA_DIR": t.TempDir()}
	db := seedDead(t, env["DATA_DIR"], images)
	first := systemtest.Start(t, "serve", env)
	c := first.Client()

	cmd, out := deadLetters(t, c.URL, "replay", "--all", "--rate", "500")
	reach(t, c, 500)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	aborted := reach(t, c, images)
	if err == nil || aborted.State != "aborted" || aborted.Done < 500 || aborted.Done >= images ||
		!strings.Contains(out.String(), "of 5,000; the others stay on the list") {
		t.Errorf("after Ctrl-C: %+v, %v: %s", aborted, err, out)
	}
	if n := number(t, db, `SELECT count(*) FROM images WHERE generation = 2`); n != aborted.Done {
		t.Errorf("%d were replayed, the job says %d", n, aborted.Done)
	}

	resp, body := c.Do(http.MethodPost, "/dead-letters/replay", map[string]string{"Content-Type": "application/json"}, `{"filter":{"failed_before":"2000-01-01T00:00:00Z"},"rate":1000}`)
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("replay answered %d %s", resp.StatusCode, body)
	}
	reach(t, c, 1000)
	first.Kill()
	got := reach(t, systemtest.Start(t, "serve", env).Client(), images)
	if got.State != "done" || got.Done != images-aborted.Done {
		t.Errorf("the second job ended as %+v, after %d of the first", got, aborted.Done)
	}
	if n := number(t, db, `SELECT count(*) FROM images WHERE generation = 2`); n != images {
		t.Errorf("%d of %d images were replayed exactly once", n, images)
	}
	t.Logf("aborted after %d, %d by the second job across a SIGKILL", aborted.Done, got.Done)
}
