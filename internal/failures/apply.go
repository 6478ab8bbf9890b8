package failures

import (
	"context"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

// The names of an order's fields, as clients write them.
const (
	FieldIDs    = "ids"
	FieldFilter = "filter"
	FieldAll    = "all"
	FieldDryRun = "dry_run"
	FieldRate   = "rate"
)

// Request asks for an action on some dead letters: on those of IDs, or on those
// that Filter selects.
type Request struct {
	Action Action
	IDs    []ID
	Filter *Filter
	All    bool  // says that an empty filter is meant
	DryRun bool  // only count
	Rate   int64 // letters a second, for a filter; 0 for as fast as it goes
	ByIDs  bool  // whether ids were given at all
	// FieldErrors are the fields that could not be read, also of the filter.
	FieldErrors fault.FieldErrors
}

// Result is what became of an order.
type Result struct {
	Matched int64     // letters that the order means
	Done    int64     // letters that were settled
	Skipped []Skipped // ids that nothing was done to
	Job     *Job      // that goes on with the work; nil where it was done at once
}

// Skipped is an id that an order could not be carried out for.
type Skipped struct {
	ID     ID
	Reason string // completes the sentence that begins with the id
}

// Reasons for which ids are skipped.
const (
	skippedUnknown    = "is not a dead letter"
	skippedUnreadable = "cannot be replayed: nobody can read the message"
)

// Apply does what is asked for: at once for ids and for a filter that selects
// at most MaxIDs, else as a job, and also where a rate is asked for.
// fault.Invalid.
func (s *Service) Apply(ctx context.Context, o Request) (Result, error) {
	o, err := o.check()
	if err != nil {
		return Result{}, err
	}
	if o.ByIDs {
		return s.applyByID(ctx, o)
	}
	if o.Rate == 0 || o.DryRun {
		few, err := s.store.ListFailures(ctx, *o.Filter, nil, MaxIDs+1)
		if err != nil {
			return Result{}, err
		}
		if len(few) <= MaxIDs {
			return s.applyNow(ctx, o, few)
		}
	}
	total, asOf, err := s.store.CountFailures(ctx, o.Action, *o.Filter)
	if err != nil {
		return Result{}, err
	}
	if o.DryRun {
		return Result{Matched: total}, nil
	}
	job, err := s.createJob(ctx, o, total, asOf)
	if err != nil {
		return Result{}, err
	}
	return Result{Matched: total, Job: &job}, nil
}

func (s *Service) createJob(ctx context.Context, o Request, total int64, asOf time.Time) (Job, error) {
	j, err := JobFor(o.Action, *o.Filter)
	if err != nil {
		return Job{}, err
	}
	j.Rate, j.Total, j.AsOf, j.RequestID = o.Rate, total, asOf, requestid.From(ctx)
	if j, err = s.jobs.CreateJob(ctx, j); err != nil {
		return Job{}, err
	}
	s.wake()
	return ReadJob(j)
}

// check returns the order as it is carried out. fault.Invalid with every field
// at fault.
func (o Request) check() (Request, error) {
	bad := slices.Clone(o.FieldErrors)
	var filter Filter
	if o.Filter != nil {
		var inner fault.FieldErrors
		filter, inner = o.Filter.check()
		bad.AddAll(FieldFilter+".", inner)
	}
	switch {
	case o.ByIDs && o.Filter != nil:
		bad.Add(FieldIDs, "must not be given together with filter")
	case o.ByIDs && o.All:
		bad.Add(FieldAll, "is for an empty filter, not for ids")
	case o.ByIDs && o.Rate != 0:
		bad.Add(FieldRate, "is for a filter; ids are settled at once")
	case o.ByIDs && len(o.IDs) == 0:
		bad.Add(FieldIDs, "must not be empty")
	case o.ByIDs && len(o.IDs) > MaxIDs:
		bad.Add(FieldIDs, fmt.Sprintf("must have at most %d entries", MaxIDs))
	case o.ByIDs:
	case o.Filter == nil && !o.All:
		bad.Add(FieldIDs, "must be given, or a filter")
	case filter.Empty() && !o.All && len(bad) == 0:
		bad.Add(FieldFilter, "is empty and selects every dead letter: say so with all: true")
	case !filter.Empty() && o.All:
		bad.Add(FieldAll, "is for an empty filter only")
	case o.Action == Replay && filter.Reason == Unreadable:
		bad.Add(FieldFilter+"."+FieldReason, "cannot be replayed: nobody can read such a message")
	}
	if o.Rate < 0 || o.Rate > MaxRate {
		bad.Add(FieldRate, fmt.Sprintf("must be an integer from 1 to %d", MaxRate))
	}
	o.Filter = &filter
	return o, bad.Err()
}

// applyNow settles what a filter has selected. Messages are no part of what a
// replay means.
func (s *Service) applyNow(ctx context.Context, o Request, letters []Item) (Result, error) {
	for _, l := range letters {
		if o.Action == Discard || l.ID.Kind == KindImage {
			o.IDs = append(o.IDs, l.ID)
		}
	}
	if o.DryRun {
		return Result{Matched: int64(len(o.IDs))}, nil
	}
	done, err := s.apply(ctx, o.Action, o.IDs)
	return Result{Matched: int64(len(o.IDs)), Done: int64(len(done))}, err
}
