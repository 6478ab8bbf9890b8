package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"syscall"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

// Store is a blob.Store in a folder.
type Store struct {
	root    *os.Root // no key leads out of it, nor does a link inside it
	baseURL string
	swept   atomic.Int64 // when temporary files were last collected, in Unix nanoseconds
}

var _ blob.Store = (*Store)(nil)

// folderMode lets the operator's group read, e.g. a web server in front.
const (
	folderMode = 0o750
	fileMode   = 0o640
)

// New opens the folder, creating it where it is missing. baseURL is where the
// world reads the objects, without a slash at its end. Close the store after
// use.
func New(dir, baseURL string) (*Store, error) {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return nil, fmt.Errorf("create image folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open image folder: %w", err)
	}
	s := &Store{root: root, baseURL: strings.TrimRight(baseURL, "/")}
	if err := s.makeScratch(); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare image folder: %w", err), root.Close())
	}
	s.collect()
	return s, nil
}

// Close releases the folder. Objects that are being read stay readable.
func (s *Store) Close() error { return s.root.Close() }

// URL implements blob.Store.
func (s *Store) URL(key string) string { return s.baseURL + "/" + key }

// Open implements blob.Store. The body is an *os.File: it can seek.
func (s *Store) Open(ctx context.Context, key string) (blob.Object, error) {
	return s.OpenFrom(ctx, key, 0)
}

// OpenFrom implements blob.Store.
func (s *Store) OpenFrom(ctx context.Context, key string, offset int64) (blob.Object, error) {
	if err := blob.CheckCall(ctx, "open", key); err != nil {
		return blob.Object{}, err
	}
	file, err := s.root.Open(key)
	if err != nil {
		return blob.Object{}, translate("open", key, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err == nil && offset > 0 {
		_, err = file.Seek(offset, io.SeekStart)
	}
	if err != nil {
		return blob.Object{}, translate("open", key, errors.Join(err, file.Close()))
	}
	return blob.Object{Info: describe(key, info), Body: file}, nil
}

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	if err := blob.CheckCall(ctx, "stat", key); err != nil {
		return blob.Info{}, err
	}
	info, err := s.root.Stat(key)
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return blob.Info{}, translate("stat", key, err)
	}
	return describe(key, info), nil
}

// Delete implements blob.Store. Folders that it leaves empty go too.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := blob.CheckCall(ctx, "delete", key); err != nil {
		return err
	}
	if err := s.remove(key); err != nil {
		return translate("delete", key, err)
	}
	// Remove refuses a folder that is not empty: the first refusal ends it.
	for dir := path.Dir(key); dir != "." && s.root.Remove(dir) == nil; {
		dir = path.Dir(dir)
	}
	return nil
}

// remove removes the file at key, if one is there.
func (s *Store) remove(key string) error {
	info, err := s.root.Lstat(key)
	if err == nil && !info.IsDir() {
		err = s.root.Remove(key)
	}
	return unlessMissing(err)
}

// Ping implements blob.Store: it looks for the folder.
func (s *Store) Ping(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("ping image folder: %w", err)
	}
	_, err := s.root.Stat(scratch)
	return translate("find", "(folder)", unavailable(err))
}

// unavailable keeps a missing folder from reading as a missing object.
func unavailable(err error) error {
	if err != nil && missing(err) {
		return fmt.Errorf("the image folder is gone: %w", syscall.EIO)
	}
	return err
}

func describe(key string, info fs.FileInfo) blob.Info {
	contentType, _ := typeOf(key)
	return blob.Info{Key: key, Bytes: info.Size(), ContentType: contentType, Modified: info.ModTime()}
}

// typeOf returns the content type of the key's extension; sources have none.
func typeOf(key string) (contentType string, known bool) {
	switch path.Ext(key) {
	case ".jpg", ".jpeg":
		return "image/jpeg", true
	case ".png":
		return "image/png", true
	case ".gif":
		return "image/gif", true
	case ".webp":
		return "image/webp", true
	case ".avif":
		return "image/avif", true
	case "":
		return blob.SourceType, blob.Private(key)
	default:
		// A file that somebody else put here; nothing executes this type.
		return blob.SourceType, false
	}
}

// checkType refuses a content type that a later Stat could not return.
func checkType(key, contentType string) error {
	if own, known := typeOf(key); !known || own != contentType {
		return fault.New(fault.Invalid, "the object key's extension does not say its content type")
	}
	return nil
}

// List implements blob.Store. Objects that come or go meanwhile may or may not
// be visited.
func (s *Store) List(ctx context.Context, prefix string, visit func(blob.Info) error) error {
	if err := blob.CheckPrefix(prefix); err != nil {
		return fmt.Errorf("list objects: %w", err)
	}
	var stop error // what visit returned; it goes back as it came
	// Only the folder that the prefix names needs walking.
	err := fs.WalkDir(s.root.FS(), path.Dir(prefix+"x"), func(name string, entry fs.DirEntry, err error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, skip, err := keep(prefix, name, entry, err)
		if err != nil || skip {
			return err
		}
		stop = visit(describe(name, info))
		return stop
	})
	switch {
	case stop != nil:
		return stop
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("list objects: %w", ctx.Err())
	default:
		return fmt.Errorf("list objects: %w", classify(err))
	}
}

// keep decides on one entry of the walk: an object under prefix, a folder to
// descend into, or something to pass over.
func keep(prefix, name string, entry fs.DirEntry, err error) (info fs.FileInfo, skip bool, _ error) {
	switch {
	case missing(err): // deleted since it was seen
		return nil, true, nil
	case err != nil:
		return nil, true, err
	case name == ".":
		return nil, true, nil
	case entry.IsDir():
		below := strings.HasPrefix(name+"/", prefix) || strings.HasPrefix(prefix, name+"/")
		if !below || !isKey(name) {
			return nil, true, fs.SkipDir
		}
		return nil, true, nil
	case !entry.Type().IsRegular() || !strings.HasPrefix(name, prefix) || !isKey(name):
		return nil, true, nil
	}
	info, err = entry.Info()
	return info, err != nil, unlessMissing(err)
}

func isKey(name string) bool { return blob.CheckKey(name) == nil }
