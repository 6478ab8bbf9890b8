package refresh

import (
	"encoding/json"
	"fmt"

	"vitrine.dev/internal/job"
)

// KindRefresh is the kind of the jobs that have images fetched again.
const KindRefresh = "refresh"

// Job has all images fetched again that a filter selects, ready when the job comes to them:
// none that was created, retried or fetched again since the job was made, so that each is
// fetched once.
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

// JobFor returns a job, to be created, without total and time.
func JobFor(o Order) (job.Job, error) {
	input, err := json.Marshal(o)
	if err != nil {
		return job.Job{}, fmt.Errorf("encode filter: %w", err)
	}
	return job.Job{Kind: KindRefresh, Input: input}, nil
}

// ReadJob reads the input of a job that JobFor made.
func ReadJob(j job.Job) (Job, error) {
	var o Order
	if err := json.Unmarshal(j.Input, &o); err != nil {
		return Job{}, fmt.Errorf("filter of job %d: %w", j.ID, err)
	}
	return Job{Job: j, Order: o}, nil
}

// JobKinds returns the kind of these jobs, by its name.
func JobKinds(store Store) map[string]job.Kind {
	return map[string]job.Kind{KindRefresh: {Step: store.AdvanceRefresh}}
}
