package gc

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
)

// window is how long the files of one rendition may be deleted before nothing
// of it may be deleted any more. Deletions are sent in its first half only, so
// that the last of them has long taken effect when it ends.
const window = 20 * time.Second

// strays deletes the files that nothing refers to.
func (f *Files) strays(ctx context.Context, report *Report, strays map[string][]string, known survey) error {
	if report.Refused != "" {
		return nil
	}
	live := map[string]bool{}
	for _, file := range known {
		live[file.rendition] = true
	}
	for _, rendition := range slices.Sorted(maps.Keys(strays)) {
		keys := slices.DeleteFunc(strays[rendition], func(key string) bool { _, ok := known[key]; return ok })
		report.Found(OrphanObject, int64(len(keys)), keys...)
		if !f.cfg.Delete || len(keys) == 0 || f.spent(report) {
			continue
		}
		var deleted int
		var err error
		if live[rendition] {
			// The names of a rendition's files follow from its key, so what it
			// does not refer to, it never will.
			deleted, err = f.remove(ctx, keys)
		} else {
			deleted, err = f.collect(ctx, rendition, keys)
		}
		report.Repaired(OrphanObject, int64(deleted))
		if err := f.skipped(ctx, report, OrphanObject, err); err != nil {
			return err
		}
	}
	return nil
}

// Unused collects the renditions and sources of n partitions from first on that nothing has
// referred to for the grace.
func (f *Files) Unused(ctx context.Context, report *Report, first, n int) error {
	if report.Refused != "" {
		return nil
	}
	for i := range n {
		for _, p := range partitions(first + i) {
			if err := f.unused(ctx, report, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// Abandoned deletes what clients have sent to the storage and then forgotten, of n partitions from first on.
func (f *Files) Abandoned(ctx context.Context, report *Report, first, n int) error {
	if report.Refused != "" {
		return nil
	}
	return errors.Join(f.abandoned(ctx, report, blob.Uploads, first, n), f.abandoned(ctx, report, blob.Imports, first, n))
}

// abandoned is Abandoned of keys with the prefix: pictures, and files
// that no import reads. No name of one is used again.
func (f *Files) abandoned(ctx context.Context, report *Report, prefix string, first, n int) error {
	var keys []string
	old := time.Now().Add(-f.cfg.UploadLife - f.cfg.Grace)
	err := f.blobs.List(ctx, prefix, func(info blob.Info) error {
		if !within(partitionOf(info.Key), first, n) {
			return nil
		}
		if report.Checked["objects"]++; info.Modified.Before(old) {
			keys = append(keys, info.Key)
		}
		return nil
	})
	if err == nil && prefix == blob.Imports {
		var read []string
		read, err = f.store.ImportFiles(ctx, keys)
		keys = slices.DeleteFunc(keys, func(key string) bool { return err != nil || slices.Contains(read, key) })
	}
	report.Found(OrphanObject, int64(len(keys)), keys...)
	if err != nil || !f.cfg.Delete || f.spent(report) {
		return err
	}
	if f.cfg.Limit > 0 {
		keys = keys[:min(int64(len(keys)), f.cfg.Limit)]
	}
	deleted, err := f.remove(ctx, keys)
	report.Repaired(OrphanObject, int64(deleted))
	return err
}

// unused is Unused of a partition.
func (f *Files) unused(ctx context.Context, report *Report, p partition) error {
	for after := p.from(); ; {
		page, err := f.store.Unused(ctx, after, p.below(), f.cfg.Grace, pageSize)
		if err != nil {
			return err
		}
		for _, r := range page {
			after = r.Key
			kind := UnusedRendition
			if blob.IsSource(r.Key) {
				kind = UnusedSource
			}
			report.Found(kind, 1, r.Key)
			if !f.cfg.Delete || f.spent(report) {
				continue
			}
			_, err := f.collect(ctx, r.Key, r.files())
			if err == nil {
				report.Repaired(kind, 1)
			}
			if err := f.skipped(ctx, report, kind, err); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// spent reports whether the run has collected as much as it may.
func (f *Files) spent(report *Report) bool {
	return f.cfg.Limit > 0 && report.Of(OrphanObject).Repaired+report.Of(UnusedRendition).Repaired+report.Of(UnusedSource).Repaired >= f.cfg.Limit
}

func (r Rendition) files() []string {
	keys := make([]string, len(r.Outputs))
	for i, out := range r.Outputs {
		keys[i] = out.Key
	}
	return keys
}

// skipped notes in the report what does not keep the rest from being collected;
// it returns any other error.
func (f *Files) skipped(ctx context.Context, report *Report, kind Kind, err error) error {
	switch {
	case err == nil || ctx.Err() != nil:
		return ctx.Err()
	case fault.KindOf(err) == fault.Conflict:
		report.Unrepaired(kind, "some came into use, or are being collected by another process: run it again")
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		report.Unrepaired(kind, "the storage was too slow: run it again")
		return nil
	}
	return err
}

// collect deletes files of a rendition that nothing refers to. Nothing can come
// to refer to them meanwhile: see Store.BeginDelete.
func (f *Files) collect(ctx context.Context, rendition string, keys []string) (deleted int, err error) {
	ctx, cancel := context.WithTimeout(ctx, window/2) // from before the window opens
	defer cancel()
	w, err := f.store.BeginDelete(ctx, rendition, f.cfg.Grace, window)
	if err != nil {
		return 0, err
	}
	failpoint.Crash(failpoint.DeleteBegun)
	if deleted, err = f.remove(ctx, keys); err != nil {
		return deleted, err // one may still be on its way: the window stays open
	}
	failpoint.Crash(failpoint.Deleted)
	return deleted, f.store.CloseWindow(ctx, w)
}

func (f *Files) remove(ctx context.Context, keys []string) (deleted int, err error) {
	for _, key := range keys {
		if err := f.blobs.Delete(ctx, key); err != nil {
			return deleted, err
		}
		deleted++
	}
	return deleted, nil
}

// PurgeTombstones removes the records of deletions that are older than any claim.
func (f *Files) PurgeTombstones(ctx context.Context) error {
	for {
		n, err := f.store.PurgeTombstones(ctx, pageSize)
		if err != nil || n < pageSize {
			return err
		}
	}
}
