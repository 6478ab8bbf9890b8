package fsck

import (
	"slices"

	"vitrine.dev/internal/gc"
)

// The kinds of findings beside those of package gc: together a closed list, the
// same in the report, its JSON and the log.
const (
	StuckProcessing     gc.Kind = "stuck_processing"
	StuckPending        gc.Kind = "stuck_pending"
	OrphanMessage       gc.Kind = "orphan_message"
	StaleCache          gc.Kind = "stale_cache"
	DeadMessagesWaiting gc.Kind = "dead_messages_waiting"
)

// Report is what one run found.
type Report struct{ gc.Report }

func newReport() *Report {
	return &Report{*gc.NewReport(slices.Concat(
		[]gc.Finding{
			{Kind: StuckProcessing, What: "images whose worker stopped long ago"},
			{Kind: StuckPending, What: "images that wait for a job that is neither in the outbox nor in the queue"},
			{Kind: OrphanMessage, What: "jobs in the outbox whose image is gone, done or of another generation"},
		},
		gc.Findings(),
		[]gc.Finding{
			{Kind: StaleCache, What: "cached products of another version than the database's"},
			{Kind: DeadMessagesWaiting, What: "messages in the broker's dead-letter queue that no worker drains"},
		},
	))}
}

// Clean reports whether nothing is wrong any more.
func (r *Report) Clean() bool {
	for _, f := range r.Findings {
		if f.Repaired < f.Count {
			return false
		}
	}
	return true
}
