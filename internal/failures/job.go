package failures

import (
	"context"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/job"
)

// Action is what is done about failures. It names the kind of its jobs.
type Action string

// The actions.
const (
	// Replay makes the image pending, as if it had just been accepted.
	Replay Action = "replay"
	// Discard takes the item off the list for good. The image stays failed on
	// its product; a message is kept for the time of retention.
	Discard Action = "discard"
)

// Job applies an action, its kind, to all that a filter selected when the job
// was made: items up to AsOf, so that an image that fails again is not replayed
// again by the same job.
type Job = filtered.Job[Filter]

// JobKinds returns the kinds of jobs that apply an action to many failures.
func JobKinds(store Store, announce catalog.Announcer) map[string]job.Kind {
	step := func(ctx context.Context, b job.Batch) (job.Job, error) {
		j, changed, err := store.AdvanceJob(ctx, b)
		announce.Announce(context.WithoutCancel(ctx), changed...)
		return j, err
	}
	return map[string]job.Kind{
		string(Replay):  {Step: step},
		string(Discard): {Step: step, Purge: store.PurgeDiscarded},
	}
}
