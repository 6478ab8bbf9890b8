package failures

import (
	"context"
	"time"

	"vitrine.dev/internal/catalog"
)

// Store keeps dead letters and jobs. Every method is one transaction, safe for
// concurrent use, takes the time from the database's clock, and returns errors
// of kind fault.Unavailable where the database cannot be reached, beside those
// that it names. Every replayed image has its product's version bumped and
// catalog.Changed recorded in the outbox; the caller announces what is
// returned.
type Store interface {
	// ListFailures returns at most limit letters of the kinds that the filter
	// has, newest first, those after the place (nil for the beginning).
	ListFailures(ctx context.Context, f Filter, after *Position, limit int) ([]Item, error)
	// CountFailures counts the letters of the action's set, and says as of when:
	// a replay's set has no messages.
	CountFailures(ctx context.Context, a Action, f Filter) (n int64, asOf time.Time, err error)
	// ReplayImages makes those images Pending that are dead letters, in a new
	// generation with no attempt counted and accepted now, each with its job
	// in the outbox. It returns what changed and which images they were; who
	// comes second finds nothing to do.
	ReplayImages(ctx context.Context, images []int64, requestID string) (changed []catalog.Changed, done []int64, err error)
	// DiscardFailures takes letters off the list and returns which were on it.
	DiscardFailures(ctx context.Context, ids []ID) (done []ID, err error)
	// ListedFailures returns those of the ids that are dead letters.
	ListedFailures(ctx context.Context, ids []ID) ([]ID, error)
	// ReplayImage is ReplayImages for an image of the product that is Failed,
	// discarded or not. fault.NotFound; fault.Conflict where it is not Failed.
	ReplayImage(ctx context.Context, product, image int64, requestID string) (catalog.Image, catalog.Changed, error)

	// CreateJob stores the job as Running and returns it with id and times.
	CreateJob(ctx context.Context, j Job) (Job, error)
	// Job returns the job. fault.NotFound.
	Job(ctx context.Context, id int64) (Job, error)
	// Jobs returns at most limit jobs, newest first.
	Jobs(ctx context.Context, limit int) ([]Job, error)
	// AbortJob makes a Running job Aborted: what it has settled stays so.
	// Aborted already is no error. fault.NotFound; fault.Conflict where it is
	// Done.
	AbortJob(ctx context.Context, id int64) (Job, error)

	// LeaseJob returns the oldest Running job that nobody leases, leased to
	// the holder. fault.NotFound where there is none.
	LeaseJob(ctx context.Context, holder string, lease time.Duration) (Job, error)
	// AdvanceJob settles the next letters of the job, oldest first, together
	// with its progress, or finishes the job where none is left. It returns
	// the job as it is then. fault.Conflict where the job is no longer Running
	// or leased to another: nothing was written.
	AdvanceJob(ctx context.Context, b Batch) (Job, []catalog.Changed, error)
	// ReleaseJob ends the holder's lease; a job of another is no error.
	ReleaseJob(ctx context.Context, id int64, holder string) error
	// TidyDead removes jobs that ended, and messages that were discarded,
	// longer ago than keep.
	TidyDead(ctx context.Context, keep time.Duration) error
}
