package failures

import (
	"context"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/job"
)

// Store keeps failures. Every method is one transaction, safe for
// concurrent use, takes the time from the database's clock, and returns errors
// of kind fault.Unavailable where the database cannot be reached, beside those
// that it names. Every replayed image has its product's revision raised and an
// event recorded; the caller announces what is returned.
type Store interface {
	// ListFailures returns at most limit items of the kinds that the filter
	// has, newest first, those after the position (nil for the beginning).
	ListFailures(ctx context.Context, f Filter, after *Position, limit int) ([]Item, error)
	// CountFailures counts the items that the action can be applied to, and returns as of when:
	// those of a replay are images only.
	CountFailures(ctx context.Context, a Action, f Filter) (n int64, asOf time.Time, err error)
	// GroupFailures counts the newest CountMost items of each kind that the filter has, by
	// reason, host and user.
	GroupFailures(ctx context.Context, f Filter) ([]Group, error)
	// ReplayImages makes those images Pending that are on the list of failures, in a new
	// generation with no attempt counted and accepted and due now. It returns what changed and which images they were; who
	// comes second finds nothing to do.
	ReplayImages(ctx context.Context, images []int64, requestID string) (changed []catalog.Changed, done []int64, err error)
	// DiscardFailures takes items off the list and returns which were on it.
	DiscardFailures(ctx context.Context, ids []ID) (done []ID, err error)
	// ListedFailures returns those of the ids that are on the list.
	ListedFailures(ctx context.Context, ids []ID) ([]ID, error)
	// OwnedImages returns those of the images that are the user's.
	OwnedImages(ctx context.Context, user int64, images []int64) ([]int64, error)
	// ReplayImage is ReplayImages for an image of the product that is Failed,
	// discarded or not, of a user who is allowed. catalog.ErrNoImage; fault.Conflict where it is not Failed.
	ReplayImage(ctx context.Context, product, image int64, allowed func(user int64) bool, requestID string) (catalog.Image, catalog.Changed, error)
	// AdvanceJob applies the job's action to the next items, oldest first: it is
	// the job.Kind's Step. It also returns what changed.
	AdvanceJob(ctx context.Context, b job.Batch) (job.Job, []catalog.Changed, error)
	// PurgeDiscarded removes messages that were discarded longer than retention
	// ago.
	PurgeDiscarded(ctx context.Context, retention time.Duration) error
}
