package gc

import (
	"context"
	"path"
	"strings"

	"vitrine.dev/internal/blob"
)

// markers is where each installation leaves its id in the storage. Keys derive
// from content, so two installations could share a bucket unnoticed, and then
// one would collect what only the other refers to.
const markers = "installation/"

// marker is an empty file; the storages accept names of pictures only.
func marker(id string) string { return markers + id + ".webp" }

// CheckOwner notes whether the storage is shared. Before anything is deleted for
// the first time it marks the storage as this installation's.
func (f *Files) CheckOwner(ctx context.Context, report *Report) error {
	id, err := f.store.Installation(ctx)
	if err != nil {
		return err
	}
	marked := false
	var other string
	err = f.blobs.List(ctx, markers, func(info blob.Info) error {
		if info.Key == marker(id) {
			marked = true
		} else {
			other = info.Key
		}
		return nil
	})
	if err != nil {
		return err
	}
	if other != "" {
		report.Shared = true
		report.Note("The storage is shared with installation " + strings.TrimSuffix(path.Base(other), ".webp") +
			": files that nothing refers to cannot be told from its own. If it is no more, delete " + other + ".")
	}
	if marked || !f.cfg.Delete {
		return nil
	}
	return f.blobs.Put(ctx, marker(id), "image/webp", nil)
}
