package failures

import (
	"context"
	"encoding/json"
	"fmt"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/job"
)

// Action is what is done about failures. It names the kind of its jobs.
type Action string

// The actions.
const (
	// Replay makes the image pending, as if it had just been accepted.
	Replay Action = "replay"
	// Discard takes the item off the list for good. The image stays failed on
	// its product; a message is kept for the time of retention.
	Discard Action = "discard"
)

// Job applies an action, its kind, to all that a filter selected when the job
// was made: items up to AsOf, so that an image that fails again is not replayed
// again by the same job.
type Job struct {
	job.Job

	Order
}

// Order is what a job keeps of the request that made it.
type Order struct {
	Filter

	// ByOperator says that an operator made it: whom the filter names may not end it.
	ByOperator bool `json:"by_operator,omitempty"`
}

// kinds are the kinds of jobs that the actions have: other jobs are none of failures.
func kinds() []string { return []string{string(Replay), string(Discard)} }

// JobFor returns a job of the action, to be created, without total and time.
func JobFor(a Action, o Order) (job.Job, error) {
	input, err := json.Marshal(o)
	if err != nil {
		return job.Job{}, fmt.Errorf("encode filter: %w", err)
	}
	return job.Job{Kind: string(a), Input: input}, nil
}

// ReadJob reads the input of a job that JobFor made.
func ReadJob(j job.Job) (Job, error) {
	var o Order
	if err := json.Unmarshal(j.Input, &o); err != nil {
		return Job{}, fmt.Errorf("filter of job %d: %w", j.ID, err)
	}
	return Job{Job: j, Order: o}, nil
}

// JobKinds returns the kinds of jobs that apply an action to many failures.
func JobKinds(store Store, announce catalog.Announcer) map[string]job.Kind {
	step := func(ctx context.Context, b job.Batch) (job.Job, error) {
		j, changed, err := store.AdvanceJob(ctx, b)
		announce.Announce(context.WithoutCancel(ctx), changed...)
		return j, err
	}
	return map[string]job.Kind{
		string(Replay):  {Step: step},
		string(Discard): {Step: step, Purge: store.PurgeDiscarded},
	}
}
