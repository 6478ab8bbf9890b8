//go:build !linux

package installationsql

import (
	"fmt"
	"syscall"
)

// nameOfFile returns what its file system calls a file.
func nameOfFile(path string) (string, error) {
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		return "", fmt.Errorf("stat %s: %w", path, err)
	}
	return fmt.Sprintf("inode %d", stat.Ino), nil
}
