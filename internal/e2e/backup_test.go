package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackupAndRestore copies the data of a `serve` at work, as
// docs/operations.md says, database first, and starts another on the copy.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	data, restored := t.TempDir(), t.TempDir()
	serve := start(t, "serve", map[string]string{"DATA_DIR": data})
	c, photos := client{t, serve.url()}, newSource(t)
	path := fmt.Sprintf("/products/%d", c.create("Kept", photos.URL+"/rocket.jpg", photos.URL+"/coffee.png"))
	before := c.settled(path)

	file := filepath.Join(restored, "vitrine.db")
	finish(t, "backup "+file, map[string]string{"DATA_DIR": data})
	later := fmt.Sprintf("/products/%d", c.create("Later", photos.URL+"/chelsea.png"))
	c.settled(later)
	again := start(t, "backup "+file, map[string]string{"DATA_DIR": data})
	again.ended("the file is there")
	if code := again.cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(strings.Join(again.raw, "\n"), "exists") {
		t.Errorf("a second backup to the same file ended with %d and said %q", code, again.raw)
	}
	if err := os.CopyFS(filepath.Join(restored, "images"), os.DirFS(filepath.Join(data, "images"))); err != nil {
		t.Fatal(err)
	}
	serve.stop()

	other := client{t, start(t, "serve", map[string]string{"DATA_DIR": restored}).url()}
	after := other.product(path)
	if len(after.Details) != 2 || after.Name != "Kept" {
		t.Fatalf("the product is %+v", after)
	}
	for i, img := range after.Details {
		if img.Status != "ready" || img.Compressed.Bytes != before.Details[i].Compressed.Bytes {
			t.Errorf("image %d is %+v", i, img)
		}
		if got, body := other.do(http.MethodGet, img.Compressed.URL, nil, ""); got.StatusCode != http.StatusOK || len(body) != int(img.Compressed.Bytes) {
			t.Errorf("its file: %d, %d bytes", got.StatusCode, len(body))
		}
	}
	if got, _ := other.do(http.MethodGet, later, nil, ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("what came after the backup: %d", got.StatusCode)
	}
	finish(t, "fsck", map[string]string{"DATA_DIR": restored})

	server := start(t, "backup "+filepath.Join(t.TempDir(), "x"), map[string]string{"DATABASE_URL": "postgres://u:hunter2@127.0.0.1:1/d"})
	server.ended("it is a server's database")
	said := strings.Join(server.raw, "\n")
	if code := server.cmd.ProcessState.ExitCode(); code != 64 || !strings.Contains(said, "pg_dump") || strings.Contains(said, "hunter2") {
		t.Errorf("ended with %d and said %q", code, said)
	}
	none := start(t, "backup "+filepath.Join(t.TempDir(), "x"), map[string]string{"DATA_DIR": t.TempDir()})
	none.ended("there is no database")
	if code := none.cmd.ProcessState.ExitCode(); code != 69 {
		t.Errorf("ended with %d", code)
	}
}
