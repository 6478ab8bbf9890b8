package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine.dev/internal/systemtest"
)

// TestBackupAndRestore copies the data of a `serve` at work, as
// docs/operations.md says, database first, and starts another on the copy.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	data, restored := t.TempDir(), t.TempDir()
	serve := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": data})
	c, photos := serve.Client(), systemtest.NewSource(t)
	path := c.Create("Kept", photos.URL+"/rocket.jpg", photos.URL+"/coffee.png")
	before := c.Finished(path)

	file := filepath.Join(restored, "vitrine.db")
	systemtest.Run(t, "backup "+file, map[string]string{"DATA_DIR": data})
	later := c.Create("Later", photos.URL+"/chelsea.png")
	c.Finished(later)
	again := systemtest.Start(t, "backup "+file, map[string]string{"DATA_DIR": data})
	again.AwaitEnd("the file is there")
	if code := again.State().ExitCode(); code != 1 || !strings.Contains(again.Output(), "exists") {
		t.Errorf("a second backup to the same file ended with %d and said %q", code, again.Output())
	}
	if err := os.CopyFS(filepath.Join(restored, "images"), os.DirFS(filepath.Join(data, "images"))); err != nil {
		t.Fatal(err)
	}
	serve.Stop()

	other := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": restored}).Client()
	after := other.Product(path)
	if len(after.Images) != 2 || after.Name != "Kept" {
		t.Fatalf("the product is %+v", after)
	}
	for i, img := range after.Images {
		if img.Status != "ready" || img.Compressed.Bytes != before.Images[i].Compressed.Bytes {
			t.Errorf("image %d is %+v", i, img)
		}
		if got, body := other.Do(http.MethodGet, img.Compressed.URL, nil, ""); got.StatusCode != http.StatusOK || len(body) != int(img.Compressed.Bytes) {
			t.Errorf("its file: %d, %d bytes", got.StatusCode, len(body))
		}
	}
	if got, _ := other.Do(http.MethodGet, later, nil, ""); got.StatusCode != http.StatusNotFound {
		t.Errorf("what came after the backup: %d", got.StatusCode)
	}
	systemtest.Run(t, "fsck", map[string]string{"DATA_DIR": restored})

	server := systemtest.Start(t, "backup "+filepath.Join(t.TempDir(), "x"), map[string]string{"DATABASE_URL": "postgres://u:hunter2@127.0.0.1:1/d"})
	server.AwaitEnd("it is a server's database")
	said := server.Output()
	if code := server.State().ExitCode(); code != 64 || !strings.Contains(said, "pg_dump") || strings.Contains(said, "hunter2") {
		t.Errorf("ended with %d and said %q", code, said)
	}
	none := systemtest.Start(t, "backup "+filepath.Join(t.TempDir(), "x"), map[string]string{"DATA_DIR": t.TempDir()})
	none.AwaitEnd("there is no database")
	if code := none.State().ExitCode(); code != 69 {
		t.Errorf("ended with %d", code)
	}
}
