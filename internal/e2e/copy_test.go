package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// TestCopyToServersAndBack moves an embedded installation to servers and from
// there into another folder, as docs/operations.md says: products, images and ids
// are the same, and work that waited is done at the target.
func TestCopyToServersAndBack(t *testing.T) {
	t.Parallel()
	servers := systemtest.SharedServers(t)
	photos := systemtest.NewSource(t)
	first, last := t.TempDir(), t.TempDir()

	serve := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": first})
	c := serve.Client()
	path := c.Create("Kept", photos.URL+"/rocket.jpg", photos.URL+"/coffee.png")
	c.Finished(path)
	serve.Stop()
	api := systemtest.Start(t, "api", map[string]string{"DATA_DIR": first}) // without a worker
	waiting := api.Client().Create("Waits", photos.URL+"/chelsea.png")
	const rows = 3000
	var list strings.Builder
	for i := range rows {
		fmt.Fprintf(&list, `{"external_id":"%d","product_name":"Imported","product_price":1}`+"\n", i)
	}
	api.Client().Do(http.MethodPost, "/imports?user_id=1", map[string]string{"Content-Type": "application/x-ndjson"}, list.String())
	if got, answer := api.Client().Do(http.MethodPost, "/imports/1/pause", nil, ""); got.StatusCode != http.StatusOK {
		t.Fatalf("it was not paused: %s", answer)
	}
	api.Stop()

	file := settings(t, servers)
	said := systemtest.Run(t, "copy --to "+file, map[string]string{"DATA_DIR": first})
	// The pause may have come after the first rows.
	if !regexp.MustCompile(`products \d*2\b`).MatchString(said) || !strings.Contains(said, "images 3") {
		t.Errorf("the copy said %q", said)
	}
	systemtest.Start(t, "worker", servers)
	there := systemtest.Start(t, "api", servers)
	wholeProduct(t, there.Client(), path)
	there.Client().Finished(waiting)
	there.Client().Do(http.MethodPost, "/imports/1/resume", nil, "")
	var imported wire.Import
	systemtest.Eventually(t, "the import to go on to its end", func() bool {
		_, answer := there.Client().Do(http.MethodGet, "/imports/1", nil, "")
		there.Client().Decode(answer, &imported)
		return imported.FinishedAt != nil
	})
	if imported.State != "completed" || imported.Rows.Created != rows {
		t.Errorf("the import is %+v", imported)
	}
	next := there.Client().Create("Next", photos.Numbered(0, 1)[0])
	there.Client().Finished(next)
	systemtest.Run(t, "fsck", servers)

	again := systemtest.Start(t, "copy --to "+file, map[string]string{"DATA_DIR": first})
	again.AwaitEnd("the target has products")
	if code := again.State().ExitCode(); code != 1 || !strings.Contains(again.Output(), "empty database only") {
		t.Errorf("a second copy ended with %d and said %q", code, again.Output())
	}

	said = systemtest.Run(t, "copy --to embedded:"+last, servers)
	if !strings.Contains(said, "products 3") {
		t.Errorf("the copy back said %q", said)
	}
	back := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": last}).Client()
	for _, path := range []string{path, waiting, next} {
		wholeProduct(t, back, path)
	}
	after := back.Create("After")
	if productID(t, after) != productID(t, next)+1 {
		t.Errorf("%s comes after %s", after, next)
	}
	systemtest.Run(t, "fsck", map[string]string{"DATA_DIR": last})
}

func productID(t *testing.T, path string) (n int64) {
	t.Helper()
	if _, err := fmt.Sscanf(path[strings.LastIndex(path, "/")+1:], "%d", &n); err != nil {
		t.Fatal(path, err)
	}
	return n
}

// settings writes a file as `--to` takes it.
func settings(t *testing.T, env map[string]string) string {
	t.Helper()
	var text strings.Builder
	for name, value := range env {
		fmt.Fprintf(&text, "%s='%s'\n", name, value)
	}
	file := filepath.Join(t.TempDir(), "target.env")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// wholeProduct expects all images of the product ready and their files there.
func wholeProduct(t *testing.T, c systemtest.Client, path string) {
	t.Helper()
	for _, img := range c.Product(path).Images {
		if img.Status != "ready" {
			t.Fatalf("%s has the image %+v", path, img)
		}
		for _, out := range systemtest.Files(img) {
			if got, body := c.Do(http.MethodGet, out.URL, nil, ""); got.StatusCode != http.StatusOK || len(body) != int(out.Bytes) {
				t.Errorf("%s: %d, %d bytes", out.URL, got.StatusCode, len(body))
			}
		}
	}
}

// TestCopyIsRefused before anything is read where the target makes no sense.
func TestCopyIsRefused(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	systemtest.Run(t, "migrate", map[string]string{"DATA_DIR": data})
	for _, c := range []struct {
		from map[string]string
		to   string
		code int
		says string
	}{
		{map[string]string{"DATA_DIR": data}, filepath.Join(data, "none.env"), 64, "no such file"},
		{map[string]string{"DATA_DIR": data}, "embedded:", 64, "wants a folder"},
		{map[string]string{"DATA_DIR": data}, settings(t, map[string]string{"DB_HOST": "x", "DB_PORT": "no"}), 64, "DB_PORT"},
		{map[string]string{"DATA_DIR": data}, settings(t, map[string]string{"DATABASE_URL": "postgres://u:hunter2@127.0.0.1:1/d"}), 69, "not available"},
		{map[string]string{"DATA_DIR": t.TempDir()}, "embedded:" + t.TempDir(), 69, "no database in DATA_DIR"},
	} {
		p := systemtest.Start(t, "copy --to "+c.to, c.from)
		p.AwaitEnd("there is nothing to copy to")
		if code := p.State().ExitCode(); code != c.code || !strings.Contains(p.Output(), c.says) || strings.Contains(p.Output(), "hunter2") {
			t.Errorf("--to %s ended with %d and said %q", c.to, code, p.Output())
		}
	}
}
