package disk

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"vitrine.dev/internal/blob"
)

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
