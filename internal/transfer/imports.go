package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// imports copies the files that imports still read, one after the other: each may have a gigabyte. In the
// target the imports go on where they are.
func (f Files) imports(ctx context.Context, done *counts) error {
	var keys []string
	err := f.From.List(ctx, blob.Imports, func(info blob.Info) error {
		keys = append(keys, info.Key)
		return nil
	})
	if err != nil {
		return err
	}
	if keys, err = f.Store.ImportFiles(ctx, keys); err != nil {
		return err
	}
	for _, key := range keys {
		bytes, err := f.large(ctx, key)
		if err != nil {
			return err
		}
		if bytes > 0 {
			done.files.Add(1)
			done.bytes.Add(bytes)
		}
	}
	return nil
}

// large copies a file of any length, which the target does not have in this length.
func (f Files) large(ctx context.Context, key string) (bytes int64, err error) {
	object, err := f.From.Open(ctx, key)
	if fault.KindOf(err) == fault.NotFound { // the import has ended just now
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, object.Body.Close()) }()
	there, err := f.To.Stat(ctx, key)
	switch {
	case err == nil && there.Bytes == object.Bytes:
		return 0, nil
	case err != nil && fault.KindOf(err) != fault.NotFound:
		return 0, err
	}
	body, ok := object.Body.(io.ReadSeeker)
	if !ok { // it is read again where an attempt is repeated
		spooled, err := os.CreateTemp("", "vitrine-copy-*")
		if err != nil {
			return 0, fmt.Errorf("spool %s: %w", key, err)
		}
		defer func() { _ = errors.Join(spooled.Close(), os.Remove(spooled.Name())) }()
		if _, err := io.Copy(spooled, object.Body); err != nil {
			return 0, fmt.Errorf("read %s: %w", key, err)
		}
		if _, err := spooled.Seek(0, io.SeekStart); err != nil {
			return 0, fmt.Errorf("spool %s: %w", key, err)
		}
		body = spooled
	}
	return object.Bytes, f.To.PutFrom(ctx, key, object.ContentType, body)
}
