package failures

import (
	"context"
	"slices"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/requestid"
)

// applyByID applies the action to the items of the ids and names those that it
// could not be applied to.
func (s *Service) applyByID(ctx context.Context, r Request) (Result, error) {
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
	var done []ID
	var err error
	if r.DryRun {
		done, err = s.store.ListedFailures(ctx, wanted)
		out.Matched = int64(len(done))
	} else {
		done, err = s.apply(ctx, r.Action, wanted)
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
	announceAll(ctx, s.announce, changed)
	done := make([]ID, len(replayed))
	for i, n := range replayed {
		done[i] = ID{Kind: KindImage, N: n}
	}
	return done, nil
}
