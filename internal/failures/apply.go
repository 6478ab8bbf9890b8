package failures

import (
	"context"
	"fmt"
	"slices"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/requestid"
)

// FieldIDs is the name of the field that other requests do not have, as clients write it.
const FieldIDs = "ids"

// Request asks for an action on some failures: on those of IDs, or on those
// that Filter selects.
type Request struct {
	filtered.Request[Filter]

	Action Action
	IDs    []ID
	ByIDs  bool // whether ids were given at all
}

// Result is the outcome of a Request.
type Result struct {
	Matched int64     // items that the request selects
	Done    int64     // items that the action was applied to
	Skipped []Skipped // ids that the action was not applied to
	Job     *Job      // that applies the action; nil where that was done at once
}

// Skipped is an id that an action could not be applied to.
type Skipped struct {
	ID     ID
	Reason string // completes the sentence that begins with the id
}

// Reasons for which ids are skipped.
const (
	skippedUnknown    = "is not a dead letter"
	skippedUnreadable = "cannot be replayed: the message is unreadable"
)

// Apply applies the action: at once for ids and for a filter that selects
// at most MaxIDs, else as a job, and also where a rate is asked for.
// What is not the principal's is left out, but for an operator. fault.Invalid;
// fault.Forbidden where the filter names another user.
func (s *Service) Apply(ctx context.Context, by auth.Principal, r Request) (Result, error) {
	r, err := r.check()
	if err != nil {
		return Result{}, err
	}
	if r.ByIDs {
		return s.applyByID(ctx, by, r)
	}
	if r.Filter.UserID, err = by.ForReading(r.Filter.UserID); err != nil {
		return Result{}, err
	}
	if r.Rate == 0 || r.DryRun {
		few, err := s.store.ListFailures(ctx, *r.Filter, nil, MaxIDs+1)
		if err != nil {
			return Result{}, err
		}
		if len(few) <= MaxIDs {
			return s.applyNow(ctx, r, few)
		}
	}
	total, asOf, err := s.store.CountFailures(ctx, r.Action, *r.Filter)
	if err != nil {
		return Result{}, err
	}
	if r.DryRun {
		return Result{Matched: total}, nil
	}
	job, err := s.Create(ctx, by, string(r.Action), r.Request, total, asOf)
	return Result{Matched: total, Job: job}, err
}

// check returns the request as Apply needs it. fault.Invalid with every field
// at fault.
func (r Request) check() (Request, error) {
	bad := slices.Clone(r.FieldErrors)
	switch {
	case r.ByIDs && r.Filter != nil:
		bad.Add(FieldIDs, "must not be given together with filter")
	case r.ByIDs && r.All:
		bad.Add(filtered.FieldAll, "is for an empty filter, not for ids")
	case r.ByIDs && r.Rate != 0:
		bad.Add(filtered.FieldRate, "is for a filter; ids are always done at once")
	case r.ByIDs && len(r.IDs) == 0:
		bad.Add(FieldIDs, "must not be empty")
	case r.ByIDs && len(r.IDs) > MaxIDs:
		bad.Add(FieldIDs, fmt.Sprintf("must have at most %d entries", MaxIDs))
	case r.ByIDs:
	case r.Filter == nil && !r.All:
		bad.Add(FieldIDs, "must be given, or a filter")
	default:
		var filter Filter
		if filter, bad = r.Request.Check("every dead letter"); r.Action == Replay && filter.Reason == Unreadable {
			bad.Add(filtered.FieldFilter+"."+FieldReason, "cannot be replayed: such messages are unreadable")
		}
		r.Filter = &filter
	}
	return r, bad.Err()
}

// applyNow applies the action to what a filter has selected, within the request.
// A replay leaves messages out.
func (s *Service) applyNow(ctx context.Context, r Request, items []Item) (Result, error) {
	for _, i := range items {
		if r.Action == Discard || i.ID.Kind == KindImage {
			r.IDs = append(r.IDs, i.ID)
		}
	}
	if r.DryRun {
		return Result{Matched: int64(len(r.IDs))}, nil
	}
	done, err := s.apply(ctx, r.Action, r.IDs)
	return Result{Matched: int64(len(r.IDs)), Done: int64(len(done))}, err
}

// applyByID applies the action to the items of the ids and names those that it
// could not be applied to.
func (s *Service) applyByID(ctx context.Context, by auth.Principal, r Request) (Result, error) {
	var out Result
	seen := make(map[ID]bool, len(r.IDs))
	var wanted []ID
	for _, id := range r.IDs {
		switch {
		case seen[id]:
		case r.Action == Replay && id.Kind == KindMessage:
			out.Skipped = append(out.Skipped, Skipped{ID: id, Reason: skippedUnreadable})
		default:
			wanted = append(wanted, id)
		}
		seen[id] = true
	}
	allowed, err := s.allowed(ctx, by, wanted)
	if err != nil {
		return out, err
	}
	var done []ID
	if r.DryRun {
		done, err = s.store.ListedFailures(ctx, allowed)
		out.Matched = int64(len(done))
	} else {
		done, err = s.apply(ctx, r.Action, allowed)
		out.Matched, out.Done = int64(len(done)), int64(len(done))
	}
	if err != nil {
		return out, err
	}
	for _, id := range wanted {
		if !slices.Contains(done, id) {
			out.Skipped = append(out.Skipped, Skipped{ID: id, Reason: skippedUnknown})
		}
	}
	return out, nil
}

// allowed are the ids of what is the principal's: all for an operator, and no messages
// for others, whom these do not belong to.
func (s *Service) allowed(ctx context.Context, by auth.Principal, ids []ID) ([]ID, error) {
	if by.ForAll() {
		return ids, nil
	}
	var images []int64
	for _, id := range ids {
		if id.Kind == KindImage {
			images = append(images, id.N)
		}
	}
	owned, err := s.store.OwnedImages(ctx, by.User, images)
	return slices.DeleteFunc(slices.Clone(ids), func(id ID) bool {
		return id.Kind != KindImage || !slices.Contains(owned, id.N)
	}), err
}

// apply applies the action to items, a bounded number in each transaction, and
// returns those that it was applied to.
func (s *Service) apply(ctx context.Context, a Action, ids []ID) (done []ID, err error) {
	for batch := range slices.Chunk(ids, atOnce) {
		var some []ID
		switch a {
		case Replay:
			some, err = s.replay(ctx, batch)
		case Discard:
			some, err = s.store.DiscardFailures(ctx, batch)
		default:
			err = fault.New(fault.Internal, "there is no action "+string(a))
		}
		done = append(done, some...)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func (s *Service) replay(ctx context.Context, ids []ID) ([]ID, error) {
	images := make([]int64, len(ids))
	for i, id := range ids {
		images[i] = id.N
	}
	changed, replayed, err := s.store.ReplayImages(ctx, images, requestid.From(ctx))
	if err != nil {
		return nil, err
	}
	s.announce.Announce(context.WithoutCancel(ctx), changed...)
	done := make([]ID, len(replayed))
	for i, n := range replayed {
		done[i] = ID{Kind: KindImage, N: n}
	}
	return done, nil
}
