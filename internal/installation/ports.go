package installation

import "context"

// Store is the database, as far as it knows of its installation. Methods are
// safe for concurrent use and return errors of kind fault.Unavailable where the
// database cannot be reached.
type Store interface {
	// Installation returns the record, and what the system says of the database
	// now.
	Installation(ctx context.Context) (Record, Origin, error)
	// ChangeInstallation replaces the record from by to, whose ID and EpochAge do
	// not count; false where it is another one by now.
	ChangeInstallation(ctx context.Context, from, to Record) (changed bool, err error)
	// LastEvent returns the last id that was drawn for an event, 0 for none.
	LastEvent(ctx context.Context) (int64, error)
	// Published reports whether there are pictures in the storage, as far as the
	// database knows.
	Published(ctx context.Context) (bool, error)
}
