package fsck

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"vitrine.dev/internal/fault"
)

// storage compares the database's renditions with the files in storage.
func (c *Checker) storage(ctx context.Context, report *Report) error {
	var foreign, young int64
	for p := range Partitions {
		d, again, err := c.inspect(ctx, report, partition(p))
		if err == nil {
			err = c.damaged(ctx, report, append(d.missing, d.wrong...), again)
		}
		if err == nil {
			err = c.strays(ctx, report, d.strays, again)
		}
		if err != nil {
			return fmt.Errorf("compare files: %w", err)
		}
		foreign, young = foreign+d.foreign, young+d.young
		if c.Progress != nil {
			c.Progress(p+1, Partitions, report.Checked["objects"])
		}
	}
	if foreign > 0 {
		report.note(fmt.Sprintf("%d files have names that are none of ours; they are left alone.", foreign))
	}
	if young > 0 {
		report.note(fmt.Sprintf("%d files that nothing refers to are younger than the grace period of %s.", young, c.cfg.Grace))
	}
	return nil
}

// inspect returns where listing and database part ways in a partition, and
// what the database says after the listing: what was completed meanwhile is
// no difference.
func (c *Checker) inspect(ctx context.Context, report *Report, p partition) (d difference, again survey, err error) {
	said, err := c.survey(ctx, p)
	if err != nil {
		return d, nil, err
	}
	report.checked("files_expected", int64(len(said)))
	d, err = c.compare(ctx, p, said)
	report.checked("objects", d.objects)
	if err != nil || len(d.missing)+len(d.wrong)+len(d.strays) == 0 {
		return d, nil, err
	}
	again, err = c.survey(ctx, p)
	return d, again, err
}

// damaged looks at files again that were missing or of another length, and
// has them made anew.
func (c *Checker) damaged(ctx context.Context, report *Report, keys []string, said survey) error {
	broken, err := c.broken(ctx, report, keys, said)
	if err != nil || !c.cfg.Repair {
		return err
	}
	for _, rendition := range slices.Sorted(maps.Keys(broken)) {
		if err := c.rebuild(ctx, rendition); err != nil {
			return err
		}
		for kind, n := range broken[rendition] {
			report.mended(kind, n)
		}
	}
	return nil
}

// broken looks at files again that were missing or of another length, and
// returns how many are, by rendition.
func (c *Checker) broken(
	ctx context.Context, report *Report, keys []string, said survey,
) (map[string]map[Kind]int64, error) {
	broken := map[string]map[Kind]int64{}
	slices.Sort(keys)
	for _, key := range keys {
		file, still := said[key]
		if !still {
			continue
		}
		kind, err := c.damage(ctx, key, file.bytes)
		if err != nil {
			return nil, err
		}
		if kind == "" {
			continue
		}
		report.found(kind, 1, key)
		if broken[file.rendition] == nil {
			broken[file.rendition] = map[Kind]int64{}
		}
		broken[file.rendition][kind]++
	}
	return broken, nil
}

// damage says what is wrong with the file, if anything is.
func (c *Checker) damage(ctx context.Context, key string, bytes int64) (Kind, error) {
	info, err := c.Blobs.Stat(ctx, key)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return MissingObject, nil
	case err != nil:
		return "", err
	case info.Bytes != bytes:
		return WrongSize, nil
	}
	return "", nil
}

// rebuild has the rendition made anew: from now on no look-up finds it, and all
// images that show it wait for their source to be fetched and rendered again.
func (c *Checker) rebuild(ctx context.Context, rendition string) error {
	if err := c.Store.MarkBroken(ctx, rendition); err != nil {
		return err
	}
	for {
		changed, err := c.Store.Rebuild(ctx, rendition, pageSize)
		for _, one := range changed {
			c.Announce.Announce(ctx, one)
		}
		if err != nil || len(changed) == 0 {
			return err
		}
	}
}
