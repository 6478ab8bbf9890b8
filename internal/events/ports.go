package events

import (
	"context"
	"time"
)

// Log is what readers need of the database. Methods are safe for concurrent use
// and return errors of kind fault.Unavailable where the database cannot be reached.
type Log interface {
	// Mark returns how far the log reaches now; where that is not past the id, only To.
	Mark(ctx context.Context, past int64) (Mark, error)
	// Passed reports whether every event up to the mark is there to be read
	// or will never be: no transaction that was writing when the mark was made
	// still is.
	Passed(ctx context.Context, m Mark) (bool, error)
	// Holders returns the transactions that keep the mark from passing, the
	// oldest first, at most some. Those of other databases of the server count.
	Holders(ctx context.Context, m Mark) ([]Holder, error)
	// Read returns at most limit events after one id and up to another, by
	// ascending id. The caller knows that up to there the log is complete.
	Read(ctx context.Context, after, to int64, limit int) (Page, error)
	// Wake is a hint that there may be new events; see sqldb.DB.
	Wake(ctx context.Context) <-chan struct{}
}

// Mark is a moment in the life of the log.
type Mark struct {
	To      int64 // the highest id that was drawn before
	Barrier int64 // for Passed; 0 where ids are drawn in the order of commits
}

// Holder is a transaction that others wait for.
type Holder struct {
	PID      int    // of the connection's process at the server; 0 where it is a prepared transaction
	GID      string // of a prepared transaction
	Database string
	Age      time.Duration // since it began
}

// Page is a part of the log.
type Page struct {
	Events    []Event
	RemovedTo int64     // events up to there were removed, by their age or number
	Now       time.Time // by the database's clock
}

// Positions keeps how far durable readers have come.
type Positions interface {
	// LeaseReader makes the holder the one that reads under the name, and
	// returns the position of the reader: 0 for a new one. fault.Conflict where
	// another holder has it.
	LeaseReader(ctx context.Context, name, holder string, lease time.Duration) (position int64, err error)
	// SaveReader keeps the position and extends the lease. fault.Conflict where
	// the lease is another's.
	SaveReader(ctx context.Context, name, holder string, position int64, lease time.Duration) error
	// ReleaseReader ends the lease where it is the holder's.
	ReleaseReader(ctx context.Context, name, holder string) error
}

// Remover is what Retention needs of the database.
type Remover interface {
	// RemoveEvents removes from the front of the log, of at most limit events,
	// those that are older than the age, and those that are not among the
	// latest so many. It returns how many it removed.
	RemoveEvents(ctx context.Context, age time.Duration, latest int64, limit int) (int, error)
	// ClaimSlice is gc.Store's: of all processes one gets a turn each interval.
	ClaimSlice(ctx context.Context, task string, interval time.Duration, step, size int) (first int, claimed bool, err error)
}
