package gc

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
)

// Config says what may be deleted.
type Config struct {
	Delete bool          // else what nothing refers to is only counted
	Limit  int64         // most files and results to delete in one run; 0: no limit
	Grace  time.Duration // how long files and results that nothing refers to are left alone
	// UploadLife is after what time no one sends the picture of an upload any more.
	UploadLife time.Duration
	// MayDelete returns an installation.RefusedError where files that nothing here
	// refers to may be another's. Nil: they are not.
	MayDelete func(ctx context.Context) error
	// By is who collects, for the record of the turns.
	By string
}

// Files compares the stored files with the database's renditions and sources, and deletes
// those that nothing refers to.
type Files struct {
	store Store
	blobs Blobs
	cfg   Config
}

// NewFiles returns a Files.
func NewFiles(store Store, blobs Blobs, cfg Config) *Files {
	return &Files{store: store, blobs: blobs, cfg: cfg}
}

// MarkUnused marks the renditions and sources of n partitions from first on that nothing
// refers to: their grace begins.
func (f *Files) MarkUnused(ctx context.Context, first, n int) error {
	for i := range n {
		for _, p := range partitions(first + i) {
			if err := f.store.MarkUnused(ctx, p.from(), p.below()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Comparison is what a comparison of one partition says beside its report.
type Comparison struct {
	Foreign int64 // files whose names are none of ours
	Young   int64 // files that nothing refers to, within their grace
}

// Broken is what is missing or damaged, by the key of the rendition or source.
type Broken map[string]Damage

// Damage is what is wrong with the files of one.
type Damage struct {
	Files map[Kind]int64 // MissingObject and WrongSize
	Shown bool           // its main file is whole: only variants are missing or damaged
}

// Compare compares the files of a partition, from 0 to Partitions-1, with the
// database, reports what differs, and deletes the files that nothing refers to,
// after repair, which may be nil, was called with what is broken.
func (f *Files) Compare(
	ctx context.Context, report *Report, number int, repair func(context.Context, Broken) error,
) (Comparison, error) {
	var all Comparison
	for _, p := range partitions(number) {
		d, again, err := f.inspect(ctx, report, p)
		if err != nil {
			return all, err
		}
		all.Foreign, all.Young = all.Foreign+d.foreign, all.Young+d.young
		broken, err := f.broken(ctx, report, append(d.missing, d.wrong...), again)
		if err == nil && repair != nil {
			err = repair(ctx, broken)
		}
		if err == nil {
			err = f.strays(ctx, report, d.strays, again)
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// Missing returns the keys of a partition's files that the storage lacks or has
// with another length, in no order, and their bytes.
func (f *Files) Missing(ctx context.Context, number int) (map[string]int64, error) {
	missing := map[string]int64{}
	for _, p := range partitions(number) {
		known, err := f.survey(ctx, p)
		if err != nil {
			return nil, err
		}
		d, err := f.compare(ctx, p, maps.Clone(known))
		if err != nil {
			return nil, err
		}
		for _, key := range slices.Concat(d.missing, d.wrong) {
			missing[key] = known[key].bytes
		}
	}
	return missing, nil
}

// inspect returns where listing and database part ways in a partition, and
// what the database says after the listing: what was completed meanwhile is
// no difference.
func (f *Files) inspect(ctx context.Context, report *Report, p partition) (d difference, again survey, err error) {
	known, err := f.survey(ctx, p)
	if err != nil {
		return d, nil, err
	}
	report.Checked["files_expected"] += int64(len(known))
	d, err = f.compare(ctx, p, known)
	report.Checked["objects"] += d.objects
	if err != nil || len(d.missing)+len(d.wrong)+len(d.strays) == 0 {
		return d, nil, err
	}
	again, err = f.survey(ctx, p)
	return d, again, err
}

// broken looks at files again that were missing or of another length, and
// returns which are.
func (f *Files) broken(
	ctx context.Context, report *Report, keys []string, known survey,
) (Broken, error) {
	broken := Broken{}
	slices.Sort(keys)
	for _, key := range keys {
		file, still := known[key]
		if !still {
			continue
		}
		kind, err := f.damage(ctx, key, file.bytes)
		if err != nil {
			return nil, err
		}
		if kind == "" {
			continue
		}
		report.Found(kind, 1, key)
		damage, more := broken[file.rendition]
		if !more {
			damage = Damage{Files: map[Kind]int64{}, Shown: true}
		}
		damage.Files[kind]++
		damage.Shown = damage.Shown && !strings.HasPrefix(path.Base(key), "compressed.")
		broken[file.rendition] = damage
	}
	return broken, nil
}

// damage says what is wrong with the file, if anything is.
func (f *Files) damage(ctx context.Context, key string, bytes int64) (Kind, error) {
	info, err := f.blobs.Stat(ctx, key)
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

// CheckOwner notes in the report why nothing may be deleted, where that is so.
func (f *Files) CheckOwner(ctx context.Context, report *Report) error {
	if f.cfg.MayDelete == nil {
		return nil
	}
	err := f.cfg.MayDelete(ctx)
	if refused, ok := errors.AsType[*installation.RefusedError](err); ok {
		report.Refused = refused.Why
		report.Skip("Nothing is deleted, nor looked for to be deleted: "+refused.Why+".", OrphanObject, UnusedRendition, UnusedSource)
		return nil
	}
	return err
}
