package installationsql

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// nameOfFile returns what its file system calls a file, and since when: numbers
// of files that are gone are used again.
func nameOfFile(path string) (string, error) {
	var stat unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_INO|unix.STATX_BTIME, &stat); err != nil {
		return "", fmt.Errorf("statx %s: %w", path, err)
	}
	name := fmt.Sprintf("inode %d", stat.Ino)
	if stat.Mask&unix.STATX_BTIME != 0 {
		name += fmt.Sprintf(", made at %d.%09d", stat.Btime.Sec, stat.Btime.Nsec)
	}
	return name, nil
}
