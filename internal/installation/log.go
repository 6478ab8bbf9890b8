package installation

import "context"

// Memory is what the cache remembers of the log of events. It outlives a database
// that is restored, so it tells of one that went back. Errors are of kind
// fault.Unavailable.
type Memory interface {
	// LastEvent returns the highest id of an event that was acted on, and under
	// which epoch that was; an empty one where nothing is known.
	LastEvent(ctx context.Context) (epoch string, id int64, err error)
	// SaveEvent remembers the id under the epoch. A lower one than before under
	// the same epoch changes nothing.
	SaveEvent(ctx context.Context, epoch string, id int64) error
}

// Remember has the log compared with the memory whenever the database is reached
// after a failure, and at first. It is called before Admit and Run.
func (i *Identity) Remember(m Memory) { i.memory, i.compare = m, m != nil }

// wentBack reports whether the log of the database is behind what was acted on
// under its epoch. What cannot be asked now is asked with the next refresh.
func (i *Identity) wentBack(ctx context.Context, r Record) bool {
	if !i.compare {
		return false
	}
	// The memory first: the log does not stand still meanwhile.
	epoch, id, err := i.memory.LastEvent(ctx)
	if err != nil {
		i.log.DebugContext(ctx, "the log is not compared yet", "error", err)
		return false
	}
	if epoch == r.Epoch {
		last, err := i.store.LastEvent(ctx)
		if err != nil {
			return false
		}
		if last < id {
			return true
		}
	}
	i.compare = false
	return false
}

// Acted remembers in the cache that the events up to the id were acted on. An
// error only means that less can be found out after a restore.
func (i *Identity) Acted(ctx context.Context, id int64) error {
	epoch, _ := i.Epoch()
	if i.memory == nil || epoch == "" {
		return nil
	}
	return i.memory.SaveEvent(ctx, epoch, id)
}
