package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"vitrine.dev/internal/app/config"
)

// errDataDirBusy is why `serve` and the other roles do not share a DATA_DIR.
var errDataDirBusy = errors.New("another process uses this DATA_DIR: " +
	"`serve` wants it for itself, `api` and `worker` share it only with one another")

func databaseFile(cfg config.Config) string { return filepath.Join(cfg.DataDir, "vitrine.db") }

func imagesFolder(cfg config.Config) string { return filepath.Join(cfg.DataDir, "images") }

// lockDataDir makes the directory where it is missing and locks it until the
// lock is closed: alone, so that the in-process cache sees every write, or
// shared.
func lockDataDir(path string, alone bool) (io.Closer, error) {
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
	return lock, nil
}
