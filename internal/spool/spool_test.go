package spool_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/spool"
)

const piece = 64 << 10

// TestSpool: what is written is read, wherever it is, the bound is shared, and
// nothing is left in the folder at any time.
func TestSpool(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s := spool.New(folder, 4*piece)
	random := rand.New(rand.NewPCG(1, 2))
	for range 3 { // all is given back
		for _, sizes := range [][]int{{0}, {1}, {piece}, {4 * piece}, {5 * piece}, {3 * piece, 3 * piece}, {100, 6 * piece, 7}} {
			var want [][]byte
			var files []interface {
				Bytes() ([]byte, error)
				Reader() io.ReadSeeker
				Close()
				Len() int64
			}
			for _, size := range sizes {
				content := make([]byte, size)
				for i := range content {
					content[i] = byte(random.Uint32())
				}
				f := s.New()
				for rest := content; len(rest) > 0; {
					n := min(len(rest), 1+random.IntN(3*piece/2))
					if written, err := f.Write(rest[:n]); err != nil || written != n {
						t.Fatalf("%d of %d were written, %v", written, n, err)
					}
					rest = rest[n:]
				}
				want, files = append(want, content), append(files, f)
			}
			for i, f := range files {
				if got, err := f.Bytes(); err != nil || !bytes.Equal(got, want[i]) || f.Len() != int64(len(want[i])) {
					t.Errorf("%d of %v: %d bytes were read, %v", i, sizes, len(got), err)
				}
				if err := iotest.TestReader(f.Reader(), want[i]); err != nil {
					t.Errorf("%d of %v, a piece at a time: %v", i, sizes, err)
				}
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("%v are in the folder, %v", left, err)
			}
			for _, f := range files {
				f.Close()
			}
		}
	}
	f := s.New()
	defer f.Close()
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write(make([]byte, 4*piece)); err != nil {
		t.Errorf("after %d bytes: not all memory was given back: %v", n, err)
	}
}

// TestCheck: whether files can be made is known before the first one is, and
// what is tried leaves nothing.
func TestCheck(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := spool.New(folder, piece).Check(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v are in the folder, %v", left, err)
	}
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{file, filepath.Join(folder, "missing")} {
		if err := spool.New(bad, piece).Check(); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestNoDisk: an attempt that has no room ends with a reason, and is worth another.
func TestNoDisk(t *testing.T) {
	t.Parallel()
	s := spool.New(filepath.Join(t.TempDir(), "missing"), piece)
	f := s.New()
	n, err := f.Write(make([]byte, 3*piece))
	failure, failed := fault.FailureOf(err)
	if !failed || failure.Reason != fault.StorageUnavailable || !failure.Reason.Retryable() || n != piece {
		t.Errorf("%d bytes were written, %v", n, err)
	}
	f.Close()
	again := s.New()
	defer again.Close()
	if _, err := again.Write(make([]byte, piece)); err != nil {
		t.Errorf("the memory was not given back: %v", err)
	}
}
