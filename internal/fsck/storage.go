package fsck

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/gc"
)

// storage compares the database's renditions with the files in storage.
func (c *Checker) storage(ctx context.Context, report *Report) error {
	var repair func(context.Context, gc.Broken) error
	if c.cfg.Repair {
		repair = func(ctx context.Context, broken gc.Broken) error { return c.rebuildAll(ctx, report, broken) }
	}
	var foreign, young int64
	for p := range gc.Partitions {
		compared, err := c.files.Compare(ctx, &report.Report, p, repair)
		if err != nil {
			return fmt.Errorf("compare files: %w", err)
		}
		foreign, young = foreign+compared.Foreign, young+compared.Young
		if c.Progress != nil {
			c.Progress(p+1, gc.Partitions, report.Checked["objects"])
		}
	}
	if foreign > 0 {
		report.Note(fmt.Sprintf("Files whose names are none of ours, left alone: %d.", foreign))
	}
	if young > 0 {
		report.Note(fmt.Sprintf("Files that nothing refers to, younger than the grace period of %s: %d.", c.cfg.Grace, young))
	}
	return nil
}

// rebuildAll has renditions rendered again whose files are missing or damaged. A source can only
// be sent again.
func (c *Checker) rebuildAll(ctx context.Context, report *Report, broken gc.Broken) error {
	for _, rendition := range slices.Sorted(maps.Keys(broken)) {
		damage := broken[rendition]
		if blob.IsSource(rendition) {
			for kind := range damage.Files {
				report.Unrepaired(kind, "uploaded files cannot be made again: restore them from a copy of the storage, or upload them again")
			}
			continue
		}
		if err := c.rebuild(ctx, rendition, damage.Shown); err != nil {
			return err
		}
		for kind, n := range damage.Files {
			report.Repaired(kind, n)
		}
	}
	return nil
}

// rebuild has the rendition rendered again: from now on no look-up finds it, and
// all images that show it wait for their source to be fetched and rendered. They
// go on showing it where shown.
func (c *Checker) rebuild(ctx context.Context, rendition string, shown bool) error {
	if err := c.Store.MarkBroken(ctx, rendition); err != nil {
		return err
	}
	for {
		changed, err := c.Store.Rebuild(ctx, rendition, shown, pageSize)
		for _, one := range changed {
			c.Announce.Announce(ctx, one)
		}
		if err != nil || len(changed) == 0 {
			return err
		}
	}
}
