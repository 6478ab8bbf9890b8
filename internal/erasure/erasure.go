// Package erasure erases users in the background with all that they own.
package erasure

import (
	"context"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/job"
)

// Store erases. It is safe for concurrent use.
type Store interface {
	// AdvanceErasure deletes the next products of the job's user, with an event for each, and
	// idempotency keys, and then API keys, at most b.Limit of each; where none is left it removes the user and
	// finishes the job. It is the job.Kind's Step, one transaction, and also returns what
	// changed.
	AdvanceErasure(ctx context.Context, b job.Batch) (job.Job, []catalog.Changed, error)
}

// JobKinds returns the kind of jobs that erase a user, by its name.
func JobKinds(store Store, announce catalog.Announcer) map[string]job.Kind {
	return map[string]job.Kind{auth.KindErasure: {Step: func(ctx context.Context, b job.Batch) (job.Job, error) {
		j, changed, err := store.AdvanceErasure(ctx, b)
		if err == nil {
			failpoint.Crash(failpoint.Erased)
		}
		announce.Announce(context.WithoutCancel(ctx), changed...)
		return j, err
	}}}
}
