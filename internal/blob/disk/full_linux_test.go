package disk_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// TestFullAndReadOnlyDisk needs a file system of its own, which only root may
// mount.
//
// No test runs beside it: a child that one had just forked would hold descriptors of this
// file system until its exec, and with them the room of what was deleted.
func TestFullAndReadOnlyDisk(t *testing.T) { //nolint:paralleltest // see above
	dir := t.TempDir()
	switch err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); {
	case errors.Is(err, syscall.EPERM):
		t.Skipf("no file system may be mounted here: %v", err)
	case err != nil:
		t.Fatalf("mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
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
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|flags, ""); err != nil {
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
