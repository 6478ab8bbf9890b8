package app

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"vitrine.dev/internal/app/config"
)

// TestSpoolFolderIsChecked: a folder that downloads cannot be kept in is named at
// the start, with the variable that names it.
func TestSpoolFolderIsChecked(t *testing.T) {
	for variable, cfg := range map[string]config.Config{
		"DATA_DIR": {S3Bucket: "b"}, "TMPDIR": {S3Bucket: "b", DBHost: "h"},
	} {
		folder := t.TempDir()
		t.Setenv("TMPDIR", folder)
		cfg.DataDir = folder
		if _, err := newSpool(cfg, 1<<20); err != nil {
			t.Error(err)
		}
		missing := filepath.Join(folder, "missing")
		t.Setenv("TMPDIR", missing)
		cfg.DataDir = missing
		if _, err := newSpool(cfg, 1<<20); err == nil || !strings.HasPrefix(err.Error(), variable+": ") || !strings.Contains(err.Error(), missing) {
			t.Errorf("the error is %v, want one that names %s and %s", err, variable, missing)
		}
	}
}

func TestDataDirIsSharedOnlyByEquals(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	first, err := lockDataDir(path, false)
	if err != nil {
		t.Fatal(err)
	}
	second, err := lockDataDir(path, false)
	if err != nil {
		t.Fatalf("two roles may share: %v", err)
	}
	if _, err := lockDataDir(path, true); err == nil || !strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("a directory in use was given to one alone: %v", err)
	}
	for _, d := range []io.Closer{first, second} {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	alone, err := lockDataDir(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockDataDir(path, false); err == nil {
		t.Error("a directory held alone was shared")
	}
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
}
