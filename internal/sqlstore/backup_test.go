package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/testserver"
)

// TestBackupOfADatabaseInUse: what was acknowledged before is in the copy,
// which is a whole database, as often as one is made while others write.
func TestBackupOfADatabaseInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "vitrine.db")
	s := openSQLite(t, path)
	var mu sync.Mutex
	acknowledged := map[int64]string{}
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for w := range 3 {
		writers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				name := fmt.Sprintf("%d of writer %d", i, w)
				p, err := s.CreateProduct(ctx, catalog.NewProduct{
					UserID: 1, Name: name, Description: strings.Repeat("long ", 200), Images: []string{"https://x.test/a.jpg"},
				})
				if err != nil {
					if ctx.Err() == nil {
						t.Errorf("a writer beside the backup: %v", err)
					}
					return
				}
				mu.Lock()
				acknowledged[p.ID] = name
				mu.Unlock()
			}
		})
	}
	so := func() map[int64]string {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(acknowledged)
	}
	for len(so()) < 20 {
		if err := s.Ping(t.Context()); err != nil { // which takes a moment
			t.Fatal(err)
		}
	}
	backups := map[string]map[int64]string{} // what must be in each
	for i := range 4 {
		before := so()
		file := filepath.Join(t.TempDir(), fmt.Sprintf("backup %d?#.db", i))
		// Another process's store, as `vitrine backup` has one.
		other, err := sqlstore.OpenSQLite(t.Context(), path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		b, err := other.Backup(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
		info, err := os.Stat(file)
		if err != nil || b.Products < int64(len(before)) || b.Bytes != info.Size() || b.Schema == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%+v of %d products, %v, %v", b, len(before), info, err)
		}
		backups[file] = before
	}
	stop()
	writers.Wait()
	for file, before := range backups {
		restored := openSQLite(t, file)
		for id, name := range before {
			if p, err := restored.Product(t.Context(), id); err != nil || p.Name != name || len(p.Images) != 1 {
				t.Fatalf("product %d of %d is %+v, %v", id, len(before), p, err)
			}
		}
		if _, err := restored.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "after"}); err != nil {
			t.Error(err)
		}
	}
}

// TestBackupIsRefused where it would overwrite, cannot be whole or is of a
// server's; then there is no file.
func TestBackupIsRefused(t *testing.T) {
	t.Parallel()
	s := openSQLite(t, filepath.Join(t.TempDir(), "vitrine.db"))
	folder := t.TempDir()
	taken := filepath.Join(folder, "taken")
	if err := os.WriteFile(taken, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(folder, "link")
	if err := os.Symlink(filepath.Join(folder, "nothing"), dangling); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{taken, dangling, folder} {
		if _, err := s.Backup(t.Context(), path); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s is there: %v", path, err)
		}
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "precious" {
		t.Errorf("the file that was there is %q, %v", text, err)
	}
	if _, err := s.Backup(t.Context(), filepath.Join(folder, "no", "where")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without its folder: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Backup(cancelled, filepath.Join(folder, "cancelled")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := damaged(t).Backup(t.Context(), filepath.Join(folder, "damaged")); err == nil {
		t.Error("a damaged database was backed up")
	}
	if names, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(names) != 2 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if names, err := filepath.Glob(filepath.Join(folder, ".*")); err != nil || len(names) != 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	_, err := openPostgres(t, testserver.Postgres(t)).Backup(t.Context(), filepath.Join(folder, "server"))
	if !errors.Is(err, sqlstore.ErrNoBackup) {
		t.Errorf("a server's: %v", err)
	}
}

// damaged is a store on a file whose row of a product refers to a user that is
// not there.
func damaged(t *testing.T) *sqlstore.Store {
	t.Helper()
	s := openSQLite(t, filepath.Join(t.TempDir(), "vitrine.db"))
	if _, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: 1, Name: "x"}); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"PRAGMA foreign_keys = OFF", "UPDATE products SET user_id = 4711", "PRAGMA foreign_keys = ON"} {
		if err := s.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return s
}
