package refresh

import (
	"context"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/requestid"
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
	store Store
	jobs  job.Store
	wake  func() // wakes the job.Runner; never blocks
}

// NewService returns a Service.
func NewService(store Store, jobs job.Store, wake func()) *Service {
	return &Service{store: store, jobs: jobs, wake: wake}
}

// Begin makes a job of the request, or counts the images where it is a dry run: then there
// is no job. What is not the principal's is left out, but for an operator. fault.Invalid;
// fault.Forbidden where the filter names another user.
func (s *Service) Begin(ctx context.Context, by auth.Principal, r Request) (matched int64, made *Job, err error) {
	if r, err = r.check(); err != nil {
		return 0, nil, err
	}
	if r.Filter.UserID, err = by.ForReading(r.Filter.UserID); err != nil {
		return 0, nil, err
	}
	total, asOf, err := s.store.CountReady(ctx, *r.Filter)
	if err != nil || r.DryRun {
		return total, nil, err
	}
	j, err := JobFor(Order{Filter: *r.Filter, ByOperator: by.ForAll()})
	if err != nil {
		return 0, nil, err
	}
	j.Rate, j.Total, j.AsOf, j.RequestID = r.Rate, total, asOf, requestid.From(ctx)
	if j, err = s.jobs.CreateJob(ctx, j); err != nil {
		return 0, nil, err
	}
	s.wake()
	read, err := ReadJob(j)
	return total, &read, err
}

// Job returns the job. fault.NotFound, also where it is about what the principal may not
// read.
func (s *Service) Job(ctx context.Context, by auth.Principal, id int64) (Job, error) {
	j, err := s.jobs.Job(ctx, id)
	if err == nil && j.Kind != KindRefresh {
		err = errNoJob
	}
	if err != nil {
		return Job{}, err
	}
	read, err := ReadJob(j)
	if err == nil && !by.Reads(read.Filter.UserID) {
		return Job{}, errNoJob
	}
	return read, err
}

// Abort ends a job early; at most the step under way is still done. A job that an operator
// has made of one user's images is that user's to read, but not to end. fault.NotFound as
// for Job; fault.Forbidden; fault.Conflict where it is done.
func (s *Service) Abort(ctx context.Context, by auth.Principal, id int64) (Job, error) {
	j, err := s.Job(ctx, by, id)
	if err != nil {
		return Job{}, err
	}
	if j.ByOperator && !by.ForAll() {
		return Job{}, errOperators
	}
	ended, err := s.jobs.AbortJob(ctx, id)
	if err != nil {
		return Job{}, err
	}
	return ReadJob(ended)
}

var (
	errNoJob     = fault.New(fault.NotFound, "there is no such job")
	errOperators = fault.New(fault.Forbidden, "an operator has made this job: only operators may abort it")
)
