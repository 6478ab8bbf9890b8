package fsck_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"vitrine.dev/internal/blob/disk"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqlstore"
)

// BenchmarkCheck compares 20,000 renditions with their 100,000 files on disk;
// nothing is wrong.
func BenchmarkCheck(b *testing.B) {
	const renditions = 20_000
	dir := b.TempDir()
	store, err := sqlstore.OpenSQLite(b.Context(), filepath.Join(dir, "vitrine.db"), quiet)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	fill(b, dir, renditions)
	blobs, err := disk.New(filepath.Join(dir, "images"), "http://localhost/images")
	if err != nil {
		b.Fatal(err)
	}
	defer blobs.Close()
	checker := fsck.New(fsck.Parts{Store: store, Blobs: blobs, Log: quiet}, fsck.Config{})
	b.ReportAllocs()
	for b.Loop() {
		report, err := checker.Run(b.Context())
		if err != nil || !report.Clean() || report.Checked["objects"] != 5*renditions {
			b.Fatalf("%+v, %v", report, err)
		}
	}
}

// fill makes rows and files, past the code that would take its time over each.
func fill(b *testing.B, dir string, n int) {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "vitrine.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		key := media.RenditionKey(fmt.Append(nil, i), "benchmark", media.DefaultPreset(false))
		folder := filepath.Join(dir, "images", key[:2], key)
		if err := os.MkdirAll(folder, 0o750); err != nil {
			b.Fatal(err)
		}
		var files []catalog.Output
		for j := range 5 {
			name := fmt.Sprintf("w%d.webp", j)
			files = append(files, catalog.Output{Key: key[:2] + "/" + key + "/" + name, Format: "webp", Bytes: 3})
			if err := os.WriteFile(filepath.Join(folder, name), []byte("abc"), 0o600); err != nil {
				b.Fatal(err)
			}
		}
		outputs, err := json.Marshal(map[string]any{"compressed": files[0], "variants": files[1:]})
		if err != nil {
			b.Fatal(err)
		}
		_, err = tx.ExecContext(b.Context(), `INSERT INTO renditions (key, source_bytes, width, height, placeholder, outputs, created_at)
			VALUES ($1, 1, 1, 1, '', $2, 1)`, key, string(outputs))
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}
