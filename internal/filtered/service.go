package filtered

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/paging"
	"vitrine.dev/internal/requestid"
)

// Job does something, its kind, about all that a filter selected when the job was made.
type Job[F any] struct {
	job.Job

	Filter F
	// ByOperator says that an operator made it: whom the filter names may not end it.
	ByOperator bool
}

// input is what a job keeps of the request that made it.
type input[F any] struct {
	Filter     F    `json:"filter"`
	ByOperator bool `json:"by_operator,omitempty"`
}

// New returns a job of the kind, to be created, without total and time.
func New[F any](kind string, f F, byOperator bool) (job.Job, error) {
	b, err := json.Marshal(input[F]{f, byOperator})
	if err != nil {
		return job.Job{}, fmt.Errorf("encode filter: %w", err)
	}
	return job.Job{Kind: kind, Input: b}, nil
}

// Read reads the input of a job that New made.
func Read[F any](j job.Job) (Job[F], error) {
	var in input[F]
	if err := json.Unmarshal(j.Input, &in); err != nil {
		return Job[F]{}, fmt.Errorf("filter of job %d: %w", j.ID, err)
	}
	return Job[F]{Job: j, Filter: in.Filter, ByOperator: in.ByOperator}, nil
}

// Service is the use cases of jobs over a filter. Its errors are of the kinds of package fault.
type Service[F Filter[F]] struct {
	store job.Store
	kinds []string
	wake  func() // wakes the job.Runner; never blocks
}

// NewService returns a Service for jobs of the kinds: others are none of its.
func NewService[F Filter[F]](store job.Store, wake func(), kinds ...string) Service[F] {
	return Service[F]{store: store, kinds: kinds, wake: wake}
}

// Create makes a job of the kind over the total that the filter of a checked request selects as of then.
func (s Service[F]) Create(ctx context.Context, by auth.Principal, kind string, r Request[F], total int64, asOf time.Time) (*Job[F], error) {
	j, err := New(kind, *r.Filter, by.ForAll())
	if err != nil {
		return nil, err
	}
	j.Rate, j.Total, j.AsOf, j.RequestID = r.Rate, total, asOf, requestid.From(ctx)
	if j, err = s.store.CreateJob(ctx, j); err != nil {
		return nil, err
	}
	s.wake()
	made, err := Read[F](j)
	return &made, err
}

// Job returns the job. fault.NotFound, also where it is about what the principal may not read.
func (s Service[F]) Job(ctx context.Context, by auth.Principal, id int64) (Job[F], error) {
	j, err := s.store.Job(ctx, id)
	switch {
	case err != nil:
		return Job[F]{}, err
	case j.Kind == auth.KindErasure:
		return Job[F]{}, errOther
	case !slices.Contains(s.kinds, j.Kind):
		return Job[F]{}, errNoJob
	}
	read, err := Read[F](j)
	if err == nil && !by.Reads(read.Filter.OfUser()) {
		return Job[F]{}, errNoJob
	}
	return read, err
}

// Jobs returns a page of jobs before the id, 0 for the newest, newest first, and whether there are
// more. limit 0 stands for paging.Default. fault.Invalid.
func (s Service[F]) Jobs(ctx context.Context, before int64, limit int) ([]Job[F], bool, error) {
	return paging.Read(limit, paging.Default, paging.Most, func(limit int) ([]Job[F], error) {
		list, err := s.store.Jobs(ctx, s.kinds, before, limit)
		jobs := make([]Job[F], len(list))
		for i, j := range list {
			read, unread := Read[F](j)
			jobs[i], err = read, errors.Join(err, unread)
		}
		return jobs, err
	})
}

// Abort ends a job early; at most the step under way is still done. A job that an operator has made
// of one user's items is that user's to read, but not to end. fault.NotFound as of Job;
// fault.Forbidden; fault.Conflict where it is done, or erases a user.
func (s Service[F]) Abort(ctx context.Context, by auth.Principal, id int64) (Job[F], error) {
	j, err := s.Job(ctx, by, id)
	switch {
	case errors.Is(err, errOther) && by.ForAll():
		return Job[F]{}, errErasure
	case err != nil:
		return Job[F]{}, err
	case j.ByOperator && !by.ForAll():
		return Job[F]{}, errOperators
	}
	if j.Job, err = s.store.AbortJob(ctx, id); err != nil {
		return Job[F]{}, err
	}
	return j, nil
}

var (
	errNoJob     = fault.New(fault.NotFound, "there is no such job")
	errOther     = fault.New(fault.NotFound, "there is no such job") // it erases a user
	errErasure   = fault.New(fault.Conflict, "the job erases a user, which cannot be aborted")
	errOperators = fault.New(fault.Forbidden, "an operator has made this job: only operators may abort it")
)
