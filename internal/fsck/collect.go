package fsck

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
)

// window is how long the files of one rendition may be deleted before nothing
// of it may be deleted any more. Deletions are sent in its first half only, so
// that the last of them has long taken effect when it ends.
const window = 20 * time.Second

// strays deletes the files that nothing refers to.
func (c *Checker) strays(ctx context.Context, report *Report, strays map[string][]string, said survey) error {
	if report.Shared {
		return nil
	}
	live := map[string]bool{}
	for _, file := range said {
		live[file.rendition] = true
	}
	for _, rendition := range slices.Sorted(maps.Keys(strays)) {
		keys := slices.DeleteFunc(strays[rendition], func(key string) bool { _, known := said[key]; return known })
		report.found(OrphanObject, int64(len(keys)), keys...)
		if !c.cfg.Repair || len(keys) == 0 || c.spent(report) {
			continue
		}
		var deleted int
		var err error
		if live[rendition] {
			// The names of a rendition's files follow from its key, so what it
			// does not refer to, it never will.
			deleted, err = c.remove(ctx, keys)
		} else {
			deleted, err = c.collect(ctx, rendition, keys)
		}
		report.mended(OrphanObject, int64(deleted))
		if err := c.postponed(ctx, report, OrphanObject, err); err != nil {
			return err
		}
	}
	return nil
}

// unused collects the renditions that no image has referred to for the grace.
func (c *Checker) unused(ctx context.Context, report *Report) error {
	if report.Shared {
		return nil
	}
	for after := ""; ; {
		page, err := c.Store.Unused(ctx, after, c.cfg.Grace, pageSize)
		if err != nil {
			return err
		}
		for _, r := range page {
			after = r.Key
			report.found(UnusedRendition, 1, r.Key)
			if !c.cfg.Repair || c.spent(report) {
				continue
			}
			_, err := c.collect(ctx, r.Key, r.files())
			if err == nil {
				report.mended(UnusedRendition, 1)
			}
			if err := c.postponed(ctx, report, UnusedRendition, err); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// spent reports whether the run has collected as much as it may.
func (c *Checker) spent(report *Report) bool {
	return c.cfg.Limit > 0 && report.Of(OrphanObject).Mended+report.Of(UnusedRendition).Mended >= c.cfg.Limit
}

func (r Rendition) files() []string {
	keys := make([]string, len(r.Outputs))
	for i, out := range r.Outputs {
		keys[i] = out.Key
	}
	return keys
}

// postponed notes in the report what does not keep the rest from being
// collected; it returns any other error.
func (c *Checker) postponed(ctx context.Context, report *Report, kind Kind, err error) error {
	switch {
	case err == nil || ctx.Err() != nil:
		return ctx.Err()
	case fault.KindOf(err) == fault.Conflict:
		report.unmended(kind, "some came into use, or are being collected by another process: run it again")
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		report.unmended(kind, "the storage was too slow: run it again")
		return nil
	}
	return err
}

// collect deletes files of a rendition that nobody refers to. Nobody can come
// to refer to them meanwhile: see Store.BeginDelete.
func (c *Checker) collect(ctx context.Context, rendition string, keys []string) (deleted int, err error) {
	ctx, cancel := context.WithTimeout(ctx, window/2) // from before the window opens
	defer cancel()
	w, err := c.Store.BeginDelete(ctx, rendition, c.cfg.Grace, window)
	if err != nil {
		return 0, err
	}
	failpoint.Crash(failpoint.DeleteBegun)
	if deleted, err = c.remove(ctx, keys); err != nil {
		return deleted, err // one may still be on its way: the window stays open
	}
	failpoint.Crash(failpoint.Deleted)
	return deleted, c.Store.CloseWindow(ctx, w)
}

func (c *Checker) remove(ctx context.Context, keys []string) (deleted int, err error) {
	for _, key := range keys {
		if err := c.Blobs.Delete(ctx, key); err != nil {
			return deleted, err
		}
		deleted++
	}
	return deleted, nil
}

// forget removes the memory of deletions that no claim can remember.
func (c *Checker) forget(ctx context.Context) error {
	for {
		n, err := c.Store.PurgeTombstones(ctx, pageSize)
		if err != nil || n < pageSize {
			return err
		}
	}
}
