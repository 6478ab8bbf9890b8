package failures

import "time"

// Action is what is done about dead letters.
type Action string

// The actions.
const (
	// Replay has the image worked on anew, as if it had just been accepted.
	Replay Action = "replay"
	// Discard takes the letter off the list for good. The image stays failed
	// on its product; a message is kept for the time of retention.
	Discard Action = "discard"
)

// State is where a job is.
type State string

// The states. Done and Aborted are final.
const (
	Running State = "running"
	Done    State = "done"
	Aborted State = "aborted"
)

// Job does an action to all that a filter selected when the job was made:
// letters up to AsOf, so that an image that fails again is not replayed
// again by the same job.
type Job struct {
	ID         int64
	Action     Action
	Filter     Filter
	Rate       int64 // letters a second; 0 for as fast as it goes
	Total      int64 // letters selected when the job was made
	Done       int64 // letters settled by the job; others may settle some of Total first
	State      State
	RequestID  string // of the request that made the job; its images carry it from then on
	AsOf       time.Time
	CreatedAt  time.Time
	FinishedAt time.Time // zero while running
}

// Batch is one step of a job.
type Batch struct {
	JobID  int64
	Holder string        // who leases the job
	Limit  int           // letters in the step
	Lease  time.Duration // from the step on
}
