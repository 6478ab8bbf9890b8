package disk

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

const (
	scratch      = ".tmp"    // no key starts with a dot
	leftoverAge  = time.Hour // far longer than a write takes
	placeRetries = 100       // each lost to another Delete that emptied a folder of the key
)

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, key, contentType string, body []byte) error {
	return s.PutFrom(ctx, key, contentType, bytes.NewReader(body))
}

// PutFrom implements blob.Store.
func (s *Store) PutFrom(ctx context.Context, key, contentType string, body io.ReadSeeker) error {
	return s.put(ctx, key, contentType, body, s.root.Rename)
}

// PutNew implements blob.Store.
func (s *Store) PutNew(ctx context.Context, key, contentType string, body []byte) (stored bool, err error) {
	stored = true
	err = s.put(ctx, key, contentType, bytes.NewReader(body), func(name, key string) error {
		err := s.root.Link(name, key)
		if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EPERM) { // a file system without hard links
			if _, missing := s.root.Stat(key); errors.Is(missing, fs.ErrNotExist) {
				return s.root.Rename(name, key)
			}
			err = fs.ErrExist
		}
		if errors.Is(err, fs.ErrExist) {
			stored, err = false, nil
		}
		if err == nil {
			err = s.root.Remove(name)
		}
		return err
	})
	return stored && err == nil, err
}

// put writes the object and publishes it: gives the temporary file its name.
func (s *Store) put(
	ctx context.Context, key, contentType string, body io.Reader, publish func(name, key string) error,
) error {
	if err := blob.CheckCall(ctx, "put", key); err != nil {
		return err
	}
	if err := checkType(key, contentType); err != nil {
		return translatePut(key, err)
	}
	s.collectSometimes()
	reading := &source{ctx: ctx, body: body}
	name, err := s.writeScratch(reading)
	if reading.err != nil {
		return wrapPut(key, reading.err)
	}
	if err != nil {
		return translatePut(key, err)
	}
	if err := s.place(name, key, publish); err != nil {
		return translatePut(key, errors.Join(err, s.root.Remove(name)))
	}
	return translatePut(key, s.syncFolder(path.Dir(key)))
}

// translatePut is translate where there is no object to be missing: a path
// that leads nowhere means that a key stands in another key's way, or that the
// folder is gone.
func translatePut(key string, err error) error {
	switch {
	case err == nil:
		return nil
	case fault.KindOf(err) == fault.Invalid:
		return wrapPut(key, err)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR),
		errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, fs.ErrExist):
		return wrapPut(key, fault.Wrap(fault.Invalid, "object key lies above or below another object's", err))
	default:
		return translate("put", key, unavailable(err))
	}
}

// source is the body of an object while ctx is not done. It keeps its error, which is not the
// folder's.
type source struct {
	ctx  context.Context // of one call, as in http.Request
	body io.Reader
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err = s.ctx.Err(); s.err != nil {
		return 0, s.err
	}
	n, err := s.body.Read(p)
	if err != io.EOF {
		s.err = err
	}
	return n, err
}

// writeScratch writes a synced temporary file and returns its name.
func (s *Store) writeScratch(body io.Reader) (name string, err error) {
	name = scratch + "/" + rand.Text()
	file, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, body)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, s.root.Remove(name))
	}
	return name, nil
}

// place publishes the temporary file under its key, making the key's folders.
func (s *Store) place(name, key string, publish func(name, key string) error) error {
	var err error
	for range placeRetries {
		if err = publish(name, key); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err = s.makeFolder(path.Dir(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// makeFolder is MkdirAll that syncs the parent of each folder that it makes.
func (s *Store) makeFolder(dir string) error {
	if dir == "." {
		return nil
	}
	err := s.root.Mkdir(dir, folderMode)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.makeFolder(path.Dir(dir)); err != nil {
			return err
		}
		err = s.root.Mkdir(dir, folderMode)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.syncFolder(path.Dir(dir))
}

// syncFolder makes the names in a folder last. A folder that is gone has been
// emptied by a Delete since; there is nothing left to last.
func (s *Store) syncFolder(dir string) error {
	folder, err := s.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func (s *Store) makeScratch() error {
	if err := s.root.Mkdir(scratch, folderMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// collectSometimes collects leftovers once in leftoverAge.
func (s *Store) collectSometimes() {
	last := s.swept.Load()
	now := time.Now()
	if now.Sub(time.Unix(0, last)) > leftoverAge && s.swept.CompareAndSwap(last, now.UnixNano()) {
		s.collect()
	}
}

// collect removes the temporary files of processes that were killed. What
// cannot be removed now is tried again the next time.
func (s *Store) collect() {
	s.swept.Store(time.Now().UnixNano())
	entries, err := fs.ReadDir(s.root.FS(), scratch)
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err == nil && time.Since(info.ModTime()) > leftoverAge {
			_ = s.root.Remove(scratch + "/" + entry.Name())
		}
	}
}
