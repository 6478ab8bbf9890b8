package refresh

import (
	"context"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/job"
)

// Store selects images and has them fetched again. It is safe for concurrent use, takes
// the time from the database's clock, and returns errors of kind fault.Unavailable where
// the database cannot be reached.
type Store interface {
	// CountReady counts the images that the filter selects, and returns as of when.
	CountReady(ctx context.Context, f Filter) (n int64, asOf time.Time, err error)
	// AdvanceRefresh has the next images of the job fetched again, in a new generation each,
	// accepted and due now, or finishes the job where none is left. What the products show
	// does not change. It is the job.Kind's Step, one transaction.
	AdvanceRefresh(ctx context.Context, b job.Batch) (job.Job, error)
}

// Service is the use cases of the API. Its errors are of the kinds of package fault.
type Service struct {
	filtered.Service[Filter]

	store Store
}

// NewService returns a Service; wake wakes the job.Runner, and never blocks.
func NewService(store Store, jobs job.Store, wake func()) *Service {
	return &Service{Service: filtered.NewService[Filter](jobs, wake, KindRefresh), store: store}
}

// Begin makes a job of the request, or counts the images where it is a dry run: then there
// is no job. What is not the principal's is left out, but for an operator. fault.Invalid;
// fault.Forbidden where the filter names another user.
func (s *Service) Begin(ctx context.Context, by auth.Principal, r filtered.Request[Filter]) (matched int64, made *Job, err error) {
	f, bad := r.Check("every image")
	if err := bad.Err(); err != nil {
		return 0, nil, err
	}
	if f.UserID, err = by.ForReading(f.UserID); err != nil {
		return 0, nil, err
	}
	total, asOf, err := s.store.CountReady(ctx, f)
	if err != nil || r.DryRun {
		return total, nil, err
	}
	r.Filter = &f
	made, err = s.Create(ctx, by, KindRefresh, r, total, asOf)
	return total, made, err
}
