package wire

import "time"

// Consistency is what the last checks say.
type Consistency struct {
	Fsck      *CheckRun      `json:"fsck,omitempty" doc:"The last run of vitrine fsck; absent where none is known"`
	Complete  *CheckRun      `json:"fsck_complete,omitempty" doc:"The last that looked at everything, where the last one did not" typical:"false"`
	Collector *CheckRun      `json:"collector,omitempty" doc:"The last turn of the collector, of whichever process; absent where none is known" typical:"false"`
	Round     CollectorRound `json:"collector_round"`
}

// CheckRun is one run that has ended.
type CheckRun struct {
	Clean     bool             `json:"clean" doc:"It looked at everything, and nothing that it found is left"`
	Failure   string           `json:"failure,omitempty" doc:"Why it did not look at all that it was to look at" example:"It was stopped." typical:"false"`
	By        string           `json:"by" doc:"Who has run it: user and host, or the id of the process as GET /queue has it" example:"root@shop-1"`
	Repair    bool             `json:"repair" doc:"It was to repair, or to delete, what it found"`
	EndedAt   time.Time        `json:"ended_at"`
	Seconds   float64          `json:"seconds" minimum:"0" example:"12.5"`
	NextDueAt *time.Time       `json:"next_due_at,omitempty" doc:"When the next turn is due; absent for fsck, which nothing starts by itself" typical:"false"`
	Refused   string           `json:"refused,omitempty" doc:"Why it deletes nothing" example:"the storage is another installation's" typical:"false"`
	Checked   map[string]int64 `json:"checked" nullable:"false" doc:"How many of what were compared" example:"{\"objects\":2140}"`
	Findings  []CheckFinding   `json:"findings" nullable:"false" doc:"One for each kind that was looked for"`
	Notes     []string         `json:"notes" nullable:"false" doc:"What could not be checked, and what is worth knowing" example:"[\"The queue was not checked: it lives in the process of its worker.\"]"`
}

// CheckFinding is everything found of one kind.
type CheckFinding struct {
	Kind       string   `json:"kind" example:"orphan_object"`
	Text       string   `json:"text" example:"files in storage that nothing refers to"`
	Count      int64    `json:"count" minimum:"0" example:"3"`
	Repaired   int64    `json:"repaired" minimum:"0" doc:"Of these, those that are no longer wrong" example:"3"`
	Samples    []string `json:"samples" nullable:"false" doc:"Some of them, at most five" example:"[\"ab/ab12/w320.webp\"]"`
	Unrepaired string   `json:"unrepaired,omitempty" doc:"Why not all are repaired" example:"run it with --repair" typical:"false"`
}

// CollectorRound is what the last turn at each part of the storage found, of those that looked at all of it.
type CollectorRound struct {
	Turns    int              `json:"turns" minimum:"0" doc:"That are known of" example:"16"`
	Of       int              `json:"of" minimum:"1" doc:"In so many turns the collector looks at all of the storage" example:"16"`
	Since    *time.Time       `json:"since,omitempty" doc:"When the earliest of them ended" typical:"false"`
	Checked  map[string]int64 `json:"checked" nullable:"false" doc:"How many of what were compared" example:"{\"objects\":2140}"`
	Findings []CheckFinding   `json:"findings" nullable:"false" doc:"Sums"`
}
