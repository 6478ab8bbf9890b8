package installation

import (
	"context"

	"vitrine.dev/internal/fault"
)

// Adopt makes the part as it is configured now the installation's, whosever it
// was and wherever it was before: its marker, nil for none, names the
// installation, and the record says whether it is external.
func Adopt(ctx context.Context, store Store, part Part, m Marker, external bool) error {
	return change(ctx, store, func(r Record, _ Origin) (Record, error) {
		if m != nil {
			if err := m.Replace(ctx, r.ID); err != nil {
				return r, err
			}
		}
		return r.externally(part, external), nil
	})
}

// Restored gives the installation a new epoch, so that nothing which was
// remembered of it is used any more, and says that this database is the only
// one of the installation.
func Restored(ctx context.Context, store Store) error {
	return change(ctx, store, func(r Record, now Origin) (Record, error) {
		r.Epoch, r.Origin, r.Copied = NewEpoch(), now, false
		return r, nil
	})
}

// change changes the record, again where another did so at the same time.
func change(ctx context.Context, store Store, to func(Record, Origin) (Record, error)) error {
	for range tries {
		record, now, err := store.Installation(ctx)
		if err != nil {
			return err
		}
		next, err := to(record, now)
		if err != nil || next.equal(record) {
			return err
		}
		if changed, err := store.ChangeInstallation(ctx, record, next); err != nil || changed {
			return err
		}
	}
	return errChanging()
}

func errChanging() error {
	return fault.New(fault.Unavailable, "the installation is changed all the time by others")
}
