package job

import (
	"context"
	"time"
)

// Store keeps jobs. Every method is one transaction, safe for concurrent use,
// takes the time from the database's clock, and returns errors of kind
// fault.Unavailable where the database cannot be reached, beside those that it
// names.
type Store interface {
	// CreateJob stores the job as Running and returns it with id and times.
	CreateJob(ctx context.Context, j Job) (Job, error)
	// Job returns the job. fault.NotFound.
	Job(ctx context.Context, id int64) (Job, error)
	// Jobs returns at most limit jobs of the kinds before the id, 0 for the newest, newest
	// first.
	Jobs(ctx context.Context, kinds []string, before int64, limit int) ([]Job, error)
	// AbortJob makes a Running or Paused job Aborted: what it has done stays done. Aborted
	// already is no error. fault.NotFound; fault.Conflict where it is Done.
	AbortJob(ctx context.Context, id int64) (Job, error)
	// LeaseJob returns the Running job that no one leases and that has waited longest, since it was
	// made or released, leased to the holder. fault.NotFound where there is none.
	LeaseJob(ctx context.Context, holder string, lease time.Duration) (Job, error)
	// ReleaseJob ends the holder's lease; a job of another is no error.
	ReleaseJob(ctx context.Context, id int64, holder string) error
	// PurgeJobs removes jobs that ended longer than retention ago.
	PurgeJobs(ctx context.Context, retention time.Duration) error
}
