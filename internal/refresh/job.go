package refresh

import (
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/job"
)

// KindRefresh is the kind of the jobs that have images fetched again.
const KindRefresh = "refresh"

// Job has all images fetched again that a filter selects, ready when the job comes to them:
// none that was created, retried or fetched again since the job was made, so that each is
// fetched once.
type Job = filtered.Job[Filter]

// JobKinds returns the kind of these jobs, by its name.
func JobKinds(store Store) map[string]job.Kind {
	return map[string]job.Kind{KindRefresh: {Step: store.AdvanceRefresh}}
}
