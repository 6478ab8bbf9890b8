package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"vitrine.dev/internal/fault"
)

// translate gives a file system's error its kind.
func translate(operation, key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s object %s: %w", operation, key, classify(err))
}

func classify(err error) error {
	switch {
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fault.Wrap(fault.Invalid, "object key has a segment of more than 255 bytes", err)
	case missing(err):
		return fault.Wrap(fault.NotFound, "no such object", err)
	default:
		return fault.Wrap(fault.Unavailable, "image storage is not available", err)
	}
}

// missing tells that no object has the name: nothing is there, or a part of
// the path is a file.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func wrapPut(key string, err error) error { return fmt.Errorf("put object %s: %w", key, err) }

// unlessMissing returns err unless it tells that nothing is there.
func unlessMissing(err error) error {
	if missing(err) {
		return nil
	}
	return err
}
