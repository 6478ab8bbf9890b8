package wire

import "time"

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
