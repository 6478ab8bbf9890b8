package wire

import (
	"time"

	"vitrine.dev/internal/gc"
)

// Findings are what is wrong.
type Findings struct {
	AsOf time.Time `json:"as_of" doc:"At most a second old"`
	Data []Finding `json:"data"  nullable:"false" doc:"What concerns most images comes first; empty where nothing is known to be wrong"`
}

// Finding is one thing that is wrong.
type Finding struct {
	Code     string        `json:"code"     doc:"The kind of finding" example:"host_failing"`
	Severity string        `json:"severity" enum:"critical,warning,notice" doc:"critical: work stands still. warning: some does, or has failed. notice: worth knowing"`
	Text     string        `json:"text"     doc:"One sentence, with times in UTC" example:"example.com has failed since 14:05 UTC (source_timeout); 1,204 pictures wait for it."`
	Images   int           `json:"images"   minimum:"0" doc:"That it concerns; 0 for none, or where that is not known" example:"1204"`
	More     bool          `json:"more"     doc:"It may concern more"`
	Since    *time.Time    `json:"since,omitempty" doc:"Absent where that is not known"`
	Action   FindingAction `json:"action"   doc:"What can be done"`
}

// FindingAction is what can be done about a finding. Fields that its kind does not need are absent.
type FindingAction struct {
	Kind        string     `json:"kind" enum:"retry_failures,show_failures,show_host,show_workers,show_queue,show_readiness,show_webhook,show_import,show_consistency" doc:"retry_failures: POST /dead-letters/replay with the other fields as its filter. show_failures: the same of GET /dead-letters. show_host: GET /hosts. show_workers, show_queue: GET /queue. show_readiness: GET /readyz. show_webhook, show_import: the webhook or import of that id. show_consistency: GET /consistency"`
	Host        string     `json:"host,omitempty" example:"example.com"`
	Reason      string     `json:"reason,omitempty" example:"source_timeout" typical:"false"`
	UserID      int64      `json:"user_id,omitempty" minimum:"1" example:"1" typical:"false"`
	ID          int64      `json:"id,omitempty" minimum:"1" example:"7" typical:"false"`
	FailedAfter *time.Time `json:"failed_after,omitempty" typical:"false"`
}

// Consistency is what the last checks say.
type Consistency struct {
	Fsck      *CheckRun      `json:"fsck,omitempty" doc:"The last run of vitrine fsck; absent where none is known"`
	Complete  *CheckRun      `json:"fsck_complete,omitempty" doc:"The last that came to its end, where the last one did not" typical:"false"`
	Collector *CheckRun      `json:"collector,omitempty" doc:"The last turn of the collector, of whichever process; absent where none is known" typical:"false"`
	Round     CollectorRound `json:"collector_round"`
}

// CheckRun is one run that has ended.
type CheckRun struct {
	Clean       bool             `json:"clean" doc:"It compared all that there is, and nothing is wrong any more"`
	ComparedAll bool             `json:"compared_all" doc:"It compared all that there is: it came to its end, and no finding was skipped. Always false of a turn of the collector, which compares a part: see collector_round"`
	Failure     string           `json:"failure,omitempty" doc:"Why it did not come to its end" example:"It was stopped." typical:"false"`
	By          string           `json:"by" doc:"Who has run it: user and host, or the id of the process as GET /queue has it" example:"root@shop-1"`
	Repair      bool             `json:"repair" doc:"It was to repair, or to delete, what it found"`
	EndedAt     time.Time        `json:"ended_at"`
	Seconds     float64          `json:"seconds" minimum:"0" example:"12.5"`
	NextDueAt   *time.Time       `json:"next_due_at,omitempty" doc:"When the next turn is due; absent for fsck, which nothing starts by itself" typical:"false"`
	Refused     string           `json:"refused,omitempty" doc:"Why it deletes nothing" example:"the storage is another installation's" typical:"false"`
	Checked     map[string]int64 `json:"checked" nullable:"false" doc:"How many of what were compared" example:"{\"objects\":2140}"`
	Findings    []CheckFinding   `json:"findings" nullable:"false" doc:"One for each kind that was looked for"`
	Notes       []string         `json:"notes" nullable:"false" doc:"What could not be checked, and what is worth knowing" example:"[\"The queue was not checked: it lives in the process of its worker.\"]"`
}

// CheckFinding is everything found of one kind.
type CheckFinding struct {
	Kind       string   `json:"kind" example:"orphan_object"`
	Text       string   `json:"text" example:"files in storage that nothing refers to"`
	Skipped    bool     `json:"skipped,omitempty" doc:"Not all of it was looked for" typical:"false"`
	Count      int64    `json:"count" minimum:"0" example:"3"`
	Repaired   int64    `json:"repaired" minimum:"0" doc:"Of these, those that are no longer wrong" example:"3"`
	Samples    []string `json:"samples" nullable:"false" doc:"Some of them, at most five" example:"[\"ab/ab12/w320.webp\"]"`
	Unrepaired string   `json:"unrepaired,omitempty" doc:"Why not all are repaired" example:"run it with --repair" typical:"false"`
}

// CollectorRound is what the last turn at each part of the storage found, of those that came to their end.
type CollectorRound struct {
	Clean       bool             `json:"clean" doc:"They compared all that there is in the storage, and nothing is wrong any more"`
	ComparedAll bool             `json:"compared_all" doc:"They compared all that there is in the storage: all turns are known of, and no finding was skipped"`
	Turns       int              `json:"turns" minimum:"0" doc:"That are known of" example:"16"`
	Of          int              `json:"of" minimum:"1" doc:"In so many turns the collector looks at all of the storage" example:"16"`
	Since       *time.Time       `json:"since,omitempty" doc:"When the earliest of them ended" typical:"false"`
	Checked     map[string]int64 `json:"checked" nullable:"false" doc:"How many of what were compared" example:"{\"objects\":2140}"`
	Findings    []CheckFinding   `json:"findings" nullable:"false" doc:"Sums"`
}

// CheckRunOf is the form of a run; nil for none.
func CheckRunOf(r *gc.Run) *CheckRun {
	if r == nil {
		return nil
	}
	return &CheckRun{
		Clean: r.Clean(), ComparedAll: r.ComparedAll(), Failure: r.Failure, By: r.By, Repair: r.Repair, EndedAt: r.EndedAt, Seconds: r.Took.Seconds(), NextDueAt: OrNil(r.DueAt),
		Refused: r.Report.Refused, Checked: r.Report.Checked, Findings: CheckFindingsOf(r.Report.Findings), Notes: r.Report.Notes,
	}
}

// CheckFindingsOf are the forms of findings.
func CheckFindingsOf(list []gc.Finding) []CheckFinding {
	out := make([]CheckFinding, len(list))
	for i, f := range list {
		out[i] = CheckFinding{Kind: string(f.Kind), Text: f.What, Skipped: f.Skipped, Count: f.Count, Repaired: f.Repaired, Samples: f.Samples, Unrepaired: f.Unrepaired}
	}
	return out
}
