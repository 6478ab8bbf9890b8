package failures

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

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
	// atOnce is how many items one transaction applies an action to.
	atOnce = 200
)

func limitReason() string { return fmt.Sprintf("must be an integer from 1 to %d", MaxListLimit) }

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
		bad.Add("limit", limitReason())
	}
	if err := bad.Err(); err != nil {
		return Page{}, err
	}
	var err error
	if f.UserID, err = by.ForReading(f.UserID); err != nil {
		return Page{}, err
	}
	limit = cmp.Or(limit, DefaultListLimit)
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
	s.announce.Announce(context.WithoutCancel(ctx), changed)
	return img, changed, nil
}

// Job returns the job. fault.NotFound, also where it is about what the principal may not
// read.
func (s *Service) Job(ctx context.Context, by auth.Principal, id int64) (Job, error) {
	j, err := s.jobs.Job(ctx, id)
	if err == nil && j.Kind == auth.KindErasure {
		return Job{}, errOther
	}
	if err == nil && !slices.Contains(kinds(), j.Kind) {
		return Job{}, errNoJob
	}
	read, err := readJob(j, err)
	if err == nil && !by.Reads(read.Filter.UserID) {
		return Job{}, errNoJob
	}
	return read, err
}

// Jobs returns a page of jobs before the id, 0 for the newest, newest first, and whether
// there are more. limit 0 stands for DefaultListLimit. fault.Invalid.
func (s *Service) Jobs(ctx context.Context, before int64, limit int) (jobs []Job, more bool, err error) {
	if limit < 0 || limit > MaxListLimit {
		return nil, false, fault.InvalidField("limit", limitReason())
	}
	limit = cmp.Or(limit, DefaultListLimit)
	list, err := s.jobs.Jobs(ctx, kinds(), before, limit+1) // one more shows whether there is a next page
	if err != nil {
		return nil, false, err
	}
	more = len(list) > limit
	for _, j := range list[:min(limit, len(list))] {
		one, err := ReadJob(j)
		if err != nil {
			return nil, false, err
		}
		jobs = append(jobs, one)
	}
	return jobs, more, nil
}

// Abort ends a job early; at most the step under way is still done. A job that an operator
// has made of one user's work is that user's to read, but not to end. fault.NotFound as
// for Job; fault.Forbidden; fault.Conflict
// where it is done, or erases a user.
func (s *Service) Abort(ctx context.Context, by auth.Principal, id int64) (Job, error) {
	j, err := s.Job(ctx, by, id)
	if errors.Is(err, errOther) && by.ForAll() {
		return Job{}, errErasure
	}
	if err != nil {
		return Job{}, err
	}
	if j.ByOperator && !by.ForAll() {
		return Job{}, errOperators
	}
	return readJob(s.jobs.AbortJob(ctx, id))
}

var (
	errNoJob     = fault.New(fault.NotFound, "there is no such job")
	errOther     = fault.New(fault.NotFound, "there is no such job") // of failures: it erases a user
	errErasure   = fault.New(fault.Conflict, "the job erases a user, which cannot be aborted")
	errOperators = fault.New(fault.Forbidden, "an operator has made this job: only operators may abort it")
)

// readJob reads what the store has returned.
func readJob(j job.Job, err error) (Job, error) {
	if err != nil {
		return Job{}, err
	}
	return ReadJob(j)
}
