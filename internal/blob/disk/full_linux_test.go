package disk_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// TestFullAndReadOnlyDisk needs a file system of its own, which only root may
// mount.
func TestFullAndReadOnlyDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	switch err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); {
	case errors.Is(err, syscall.EPERM):
		t.Skipf("no file system may be mounted here: %v", err)
	case err != nil:
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := onceFree(func() error { return syscall.Unmount(dir, 0) }); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	s := open(t, filepath.Join(dir, "images"))
	check := func(what string, err error, failing bool) {
		t.Helper()
		if (err != nil) != failing || failing && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v of kind %s", what, err, fault.KindOf(err))
		}
	}
	check("probe", blob.Probe(t.Context(), s), false)
	put := func(size int) error { return s.Put(t.Context(), "a/b.webp", "image/webp", make([]byte, size)) }
	check("put of what fits", put(900<<10), false)
	check("put on a full disk", put(1<<20), true)
	check("probe of a disk with some room", blob.Probe(t.Context(), s), false)
	check("put of the last bytes", s.Put(t.Context(), "c/d.webp", "image/webp", make([]byte, 100<<10)), false)
	check("probe of a full disk", blob.Probe(t.Context(), s), true)
	check("ping of a full disk", s.Ping(t.Context()), false)
	if _, err := s.Stat(t.Context(), "a/b.webp"); err != nil {
		t.Errorf("what was stored before: %v", err)
	}
	check("delete", s.Delete(t.Context(), "a/b.webp"), false)
	check("probe once there is room", blob.Probe(t.Context(), s), false)
	remount := func(flags uintptr) {
		t.Helper()
		if err := onceFree(func() error { return syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|flags, "") }); err != nil {
			t.Fatal(err)
		}
	}
	remount(syscall.MS_RDONLY)
	check("probe of a read-only disk", blob.Probe(t.Context(), s), true)
	check("put on a read-only disk", put(1), true)
	check("delete on a read-only disk", s.Delete(t.Context(), "c/d.webp"), true)
	check("ping of a read-only disk", s.Ping(t.Context()), false)
	remount(0)
	check("probe of a disk that can be written again", blob.Probe(t.Context(), s), false)
}

// onceFree repeats the operation while the file system is busy, for at most ten seconds: a
// child that a test beside this one has just forked has our descriptors until its exec.
func onceFree(operation func() error) error {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if err := operation(); !errors.Is(err, syscall.EBUSY) || time.Now().After(end) {
			return err
		}
	}
}
