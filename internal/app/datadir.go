package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// errDataDirBusy is why `serve` and the other roles do not share a DATA_DIR.
var errDataDirBusy = errors.New("another process uses this DATA_DIR: " +
	"`serve` wants it for itself, `api` and `worker` share it only with one another")

// dataDir is an embedded data directory that this process holds.
type dataDir struct {
	path string
	lock *os.File
}

// openDataDir makes the directory where it is missing and locks it: alone, so
// that the in-process cache can trust to see every write, or shared.
func openDataDir(path string, alone bool) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return nil, fmt.Errorf("make DATA_DIR: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator's own directory
	if err != nil {
		return nil, fmt.Errorf("open lock of DATA_DIR: %w", err)
	}
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	if err := syscall.Flock(int(lock.Fd()), how|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, errDataDirBusy), lock.Close())
	}
	return &dataDir{path: path, lock: lock}, nil
}

func (d *dataDir) database() string { return filepath.Join(d.path, "vitrine.db") }

// Close gives the lock back; the files stay.
func (d *dataDir) Close() error { return d.lock.Close() }
