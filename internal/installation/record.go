package installation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Part is what may be a server of its own beside the database.
type Part string

// The parts.
const (
	Cache   Part = "cache"
	Queue   Part = "queue"
	Storage Part = "storage"
)

// Parts returns all of them.
func Parts() []Part { return []Part{Cache, Queue, Storage} }

// Record is the installation as its database has it.
type Record struct {
	ID       string        // 32 hex digits, for good
	Epoch    string        // 12 hex digits
	EpochAge time.Duration // since the epoch changed, by the database's clock; decades where it never did
	Origin   Origin        // of the database that the epoch is of
	Copied   bool          // it is another copy than before, and no one has confirmed that the first is no more
	External []Part        // that are servers of their own, in the order of Parts
}

// Origin is what the system says of a database, by name, that its copies do not
// have: as much as may be read. A name that is missing says nothing.
type Origin map[string]string

// The names in an Origin.
const (
	System   = "system"   // PostgreSQL: the cluster
	Timeline = "timeline" // PostgreSQL: the history within it; another one after a failover or a recovery
	Table    = "table"    // PostgreSQL: the database and the table within the cluster, which a dump does not carry along
	File     = "file"     // SQLite: the file, by its system
)

// changed returns the names that say something else now.
func (o Origin) changed(now Origin) (names []string) {
	for name, value := range now {
		if before, known := o[name]; known && before != value {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// with returns o with what is known now.
func (o Origin) with(now Origin) Origin {
	merged := maps.Clone(now)
	for name, value := range o {
		if _, known := now[name]; !known {
			if merged == nil {
				merged = Origin{}
			}
			merged[name] = value
		}
	}
	return merged
}

// admit returns nil where a process with these external parts may work on the
// installation, and the parts that are to be recorded as external from now on;
// published says that there are pictures in the storage. The error, a
// RefusedError for each part, says what to do.
func (r Record) admit(configured []Part, published bool) (add []Part, err error) {
	var refusals []error
	for _, part := range r.External {
		if !slices.Contains(configured, part) {
			refusals = append(refusals, fewer(part))
		}
	}
	for _, part := range configured {
		switch {
		case slices.Contains(r.External, part):
		case part == Storage && published:
			refusals = append(refusals, &RefusedError{Storage, "the pictures of this installation lie in a folder (DATA_DIR), and " +
				"AWS_S3_BUCKET is set: their URLs would lead nowhere. Copy the files into the bucket and run `vitrine adopt storage`, " +
				"or unset AWS_S3_BUCKET"})
		default:
			add = append(add, part)
		}
	}
	return add, errors.Join(refusals...)
}

// RefusedError says why a process must not work with a part as it is
// configured, and what an operator can do.
type RefusedError struct {
	Part Part
	Why  string
}

func (e *RefusedError) Error() string { return e.Why }

// concerns reports whether one of the RefusedErrors in err is about the part.
func concerns(err error, part Part) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.ContainsFunc(joined.Unwrap(), func(e error) bool { return concerns(e, part) })
	}
	refused, ok := errors.AsType[*RefusedError](err)
	return ok && refused.Part == part
}

// settings are the variables that make a part a server of its own.
func (p Part) settings() string {
	switch p {
	case Cache:
		return "REDIS_HOST or REDIS_URL"
	case Queue:
		return "QUEUE_HOST or AMQP_URL"
	case Storage:
		return "AWS_S3_BUCKET"
	}
	return ""
}

func fewer(part Part) error {
	harm := map[Part]string{
		Cache:   "its changes would not reach the cache of the others",
		Queue:   "it would not share the work of the others",
		Storage: "its pictures would lie where the others' URLs do not lead",
	}
	return &RefusedError{part, fmt.Sprintf("the %[1]s of this installation is a server of its own, and %[2]s is not set here: %[3]s. "+
		"Give this process what the others have; if there is no such server any more, run `vitrine adopt %[1]s` without it",
		part, part.settings(), harm[part])}
}

// externally returns r with the part external, or not.
func (r Record) externally(part Part, external bool) Record {
	before := r.External
	r.External = slices.DeleteFunc(Parts(), func(p Part) bool {
		if p == part {
			return !external
		}
		return !slices.Contains(before, p)
	})
	return r
}

// equal reports whether the records say the same.
func (r Record) equal(other Record) bool {
	return r.Epoch == other.Epoch && r.Copied == other.Copied &&
		slices.Equal(r.External, other.External) && maps.Equal(r.Origin, other.Origin)
}
