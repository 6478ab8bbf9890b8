package job

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// State is where a job is.
type State string

// The states. Done and Aborted are final.
const (
	Running State = "running"
	Paused  State = "paused" // no one works on it until it is Running again
	Done    State = "done"
	Aborted State = "aborted"
)

// Job is one job and its progress.
type Job struct {
	ID          int64
	Kind        string          // names the Kind
	Input       json.RawMessage // of the kind
	Rate        int64           // items a second; 0 for no limit
	Total       int64           // items when the job was made
	Done        int64           // items that the job has done; others may do some of Total first
	State       State
	RequestID   string // of the request that made the job
	Traceparent string // of that request; "" where it had no trace
	AsOf        time.Time
	CreatedAt   time.Time
	FinishedAt  time.Time // zero while running
}

// Batch is one step of a job.
type Batch struct {
	JobID  int64
	Holder string        // who leases the job
	Limit  int           // items in the step
	Lease  time.Duration // from the step on
}

// ErrLater ends the work on a job until its lease has run out.
var ErrLater = errors.New("the job goes on later")

// Kind is what a Runner can do with the jobs of one kind.
type Kind struct {
	// Step does the next items, at most b.Limit, together with their progress,
	// or finishes the job where none is left, and returns the job as it is
	// then. fault.Conflict where the job is no longer Running or leased to
	// another: nothing was written. ErrLater where there is nothing to do for now: the
	// step has written until when the job is leased to no one's work, and others get its
	// place. After any other error the step is repeated.
	Step func(ctx context.Context, b Batch) (Job, error)
	// Purge removes what jobs of the kind keep beyond their end once it is older
	// than retention; nil where they keep nothing.
	Purge func(ctx context.Context, retention time.Duration) error
}
