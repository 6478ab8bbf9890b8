package app

import (
	"io"
	"strings"
	"testing"
)

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
