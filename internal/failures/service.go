package failures

import (
	"context"
	"fmt"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/requestid"
)

// Limits on one request.
const (
	DefaultListLimit = 100
	MaxListLimit     = 1000
	// MaxIDs bounds a request by ids, and what is done at once by filter:
	// more than so many become a job.
	MaxIDs = 1000
	// MaxRate is the most items a second that can be asked for.
	MaxRate = 100_000
	// MaxJobs is how many jobs Jobs returns.
	MaxJobs = 100
	// atOnce is how many items one transaction applies an action to.
	atOnce = 200
)

// Service is the use cases of the API. Its errors are of the kinds of package
// fault.
type Service struct {
	store    Store
	jobs     job.Store
	announce catalog.Announcer
	wake     func() // wakes the job.Runner; never blocks
}

// NewService returns a Service.
func NewService(store Store, jobs job.Store, announce catalog.Announcer, wake func()) *Service {
	return &Service{store: store, jobs: jobs, announce: announce, wake: wake}
}

// Page is one page of failures, newest first.
type Page struct {
	Items []Item
	Next  *Position // where the next page begins; nil where this is the last
}

// List returns a page of what the principal may read. limit 0 stands for
// DefaultListLimit. fault.Invalid; fault.Forbidden where the filter names another user.
func (s *Service) List(ctx context.Context, by auth.Principal, f Filter, after *Position, limit int) (Page, error) {
	f, bad := f.check()
	if limit < 0 || limit > MaxListLimit {
		bad.Add("limit", fmt.Sprintf("must be an integer from 1 to %d", MaxListLimit))
	}
	if err := bad.Err(); err != nil {
		return Page{}, err
	}
	var err error
	if f.UserID, err = by.ForReading(f.UserID); err != nil {
		return Page{}, err
	}
	if limit == 0 {
		limit = DefaultListLimit
	}
	items, err := s.store.ListFailures(ctx, f, after, limit+1) // one more shows whether there is a next page
	if err != nil {
		return Page{}, err
	}
	if len(items) <= limit {
		return Page{Items: items}, nil
	}
	next := items[limit-1].Position()
	return Page{Items: items[:limit], Next: &next}, nil
}

// ReplayImage replays a failed image for the product's owner, or an operator, and returns
// it with what changed of the product. fault.NotFound, fault.Conflict.
func (s *Service) ReplayImage(ctx context.Context, by auth.Principal, product, image int64) (catalog.Image, catalog.Changed, error) {
	img, changed, err := s.store.ReplayImage(ctx, product, image, by.Reads, requestid.From(ctx))
	if err != nil {
		return catalog.Image{}, catalog.Changed{}, err
	}
	announceAll(ctx, s.announce, []catalog.Changed{changed})
	return img, changed, nil
}

// Job returns the job. fault.NotFound, also where it is about what the principal may not
// read.
func (s *Service) Job(ctx context.Context, by auth.Principal, id int64) (Job, error) {
	j, err := readJob(s.jobs.Job(ctx, id))
	if err == nil && !by.Reads(j.Filter.UserID) {
		return Job{}, fault.New(fault.NotFound, "there is no such job")
	}
	return j, err
}

// Jobs returns the newest MaxJobs jobs.
func (s *Service) Jobs(ctx context.Context) ([]Job, error) {
	newest, err := s.jobs.Jobs(ctx, MaxJobs)
	jobs := make([]Job, len(newest))
	for i, j := range newest {
		if err == nil {
			jobs[i], err = ReadJob(j)
		}
	}
	return jobs, err
}

// Abort ends a job early; at most the step under way is still done.
// fault.NotFound as for Job; fault.Conflict where it is done.
func (s *Service) Abort(ctx context.Context, by auth.Principal, id int64) (Job, error) {
	if _, err := s.Job(ctx, by, id); err != nil {
		return Job{}, err
	}
	return readJob(s.jobs.AbortJob(ctx, id))
}

// readJob reads what the store has returned.
func readJob(j job.Job, err error) (Job, error) {
	if err != nil {
		return Job{}, err
	}
	return ReadJob(j)
}

func announceAll(ctx context.Context, to catalog.Announcer, changed []catalog.Changed) {
	ctx = context.WithoutCancel(ctx)
	for _, c := range changed {
		to.Announce(ctx, c)
	}
}
