package media

import (
	"time"

	"vitrine.dev/internal/fault"
)

const (
	// KeptAttempts is of how many attempts at an image that have failed there is a record; the
	// oldest goes first.
	KeptAttempts = 20
	// AttemptLife is for how long.
	AttemptLife = 30 * 24 * time.Hour
)

// Record is what is kept of how an attempt went.
type Record struct {
	Steps   []Step // in their order, without the one that writes the record; of one that failed the last has failed
	Status  int    // HTTP, of the last answer of the source's host; 0 for none
	Hops    int    // redirects that were followed
	Reused  bool   // the same content was published already: nothing was rendered
	Worker  string // the ID of its process
	TraceID string // "" for one without a trace
	Took    time.Duration
	Waited  time.Duration // since the image was accepted, until the attempt began
}

// PastAttempt is an attempt that has ended.
type PastAttempt struct {
	Record

	Generation int64
	Attempt    int
	Outcome    Outcome
	Reason     fault.Reason // why it failed, "" where it did not
	Detail     string       // a sentence for the product's owner
	BegunAt    time.Time    // zero where that is not known: its worker was lost
	EndedAt    time.Time
	RetryAfter time.Duration // of one that was retried: until the next was due
}
