package wire

import "time"

// RefreshFilter selects images that are ready; the zero value selects all of them.
type RefreshFilter struct {
	Host          string     `json:"host,omitempty"           example:"example.com"`
	UserID        int64      `json:"user_id,omitempty"        minimum:"1" example:"1" typical:"false"`
	ProductIDs    []int64    `json:"product_ids,omitempty"    nullable:"false" example:"[101,102]" typical:"false"`
	UpdatedBefore *time.Time `json:"updated_before,omitempty" doc:"Exclusive: of images that have shown what they do since then" typical:"false"`
}

// RefreshOrder asks for many images to be fetched again.
type RefreshOrder struct {
	Filter RefreshFilter `json:"filter,omitzero"`
	All    bool          `json:"all,omitempty"     doc:"Says that an empty filter, which selects every image, is meant"`
	DryRun bool          `json:"dry_run,omitempty" doc:"Only count"`
	Rate   int64         `json:"rate,omitempty"    minimum:"1" doc:"Images a second"`
}

// RefreshCount answers a RefreshOrder that was a dry run; a job answers others.
type RefreshCount struct {
	Matched int64 `json:"matched" minimum:"0" doc:"Images that were selected" example:"1200"`
	DryRun  bool  `json:"dry_run" example:"true"`
}

// RefreshJob has many images fetched again in the background.
type RefreshJob struct {
	ID         int64         `json:"id"                    minimum:"1" example:"7"`
	Filter     RefreshFilter `json:"filter"`
	Rate       int64         `json:"rate,omitempty"        minimum:"1" doc:"Images a second; absent for no limit" example:"10"`
	Total      int64         `json:"total"                 minimum:"0" doc:"Images that matched when the job was made" example:"1200"`
	Done       int64         `json:"done"                  minimum:"0" doc:"Images that the job has put in line to be fetched again; others may do so first, or remove them" example:"350"`
	State      string        `json:"state"                 enum:"running,done,aborted"`
	CreatedAt  time.Time     `json:"created_at"`
	FinishedAt *time.Time    `json:"finished_at,omitempty" typical:"false"`
}
