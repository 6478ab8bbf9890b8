package disk_test

import (
	"os"
	"path/filepath"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/blob/blobtest"
	"vitrine.dev/internal/blob/disk"
)

func open(t *testing.T, dir string) *disk.Store {
	t.Helper()
	s, err := disk.New(dir, "http://localhost:8080/images")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, blobtest.Harness{
		New: func(t *testing.T) blob.Store { t.Helper(); return open(t, t.TempDir()) },
		NewBroken: func(t *testing.T) (blob.Store, func()) {
			t.Helper()
			dir := t.TempDir()
			s := open(t, dir)
			// Permissions do not hold root back; a missing folder holds everybody.
			hidden, away := filepath.Join(dir, ".tmp"), filepath.Join(dir, ".away")
			rename(t, hidden, away)
			return s, func() { rename(t, away, hidden) }
		},
	})
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
