package wire

import "time"

// DeadLetter is work that failed: an image, or a message of the broker. Fields
// of the other kind are absent.
type DeadLetter struct {
	ID       string    `json:"id"        doc:"Names the dead letter in a replay or a discard"                          example:"image-42"`
	Kind     string    `json:"kind"      doc:"An image whose work failed, or a message of the broker that is unreadable" enum:"image,unreadable"`
	FailedAt time.Time `json:"failed_at" doc:"When the image failed, or the message was received"`
	Reason   Reason    `json:"reason"`

	ImageID   int64  `json:"image_id,omitempty"   minimum:"1" example:"42"`
	ProductID int64  `json:"product_id,omitempty" minimum:"1" example:"101"`
	UserID    int64  `json:"user_id,omitempty"    minimum:"1" example:"1"`
	SourceURL string `json:"source_url,omitempty" doc:"As it was given" example:"https://example.com/image1.jpg"`
	Host      string `json:"host,omitempty"       doc:"Of the source, in lower case, with its port where that is not the scheme's default" example:"example.com"`
	Attempts  int    `json:"attempts,omitempty"   minimum:"1" example:"1"`
	RequestID string `json:"request_id,omitempty" doc:"Of the request that asked for the work last" example:"4XKQ2VJ5D3M7YB6TRZP0HNWCEA"`

	MessageID  string     `json:"message_id,omitempty"  doc:"The broker's id of the message" example:"KQ2VJ5D3M7YB6TRZPHNWCEAX4U" typical:"false"`
	Bytes      *int64     `json:"bytes,omitempty"       doc:"Length of the message's body" minimum:"0" example:"17" typical:"false"`
	Preview    []byte     `json:"preview,omitempty"     doc:"The beginning of the message's body, in base64" example:"bm90IGEgbWVzc2FnZQ==" typical:"false"`
	ReceivedAt *time.Time `json:"received_at,omitempty" doc:"When the message was received" typical:"false"`
}

// DeadSummary is how many dead letters there are, the most first.
type DeadSummary struct {
	DeadTally

	More       bool         `json:"more"    doc:"There may be more, older ones, that are not counted"`
	Reasons    []DeadReason `json:"reasons" nullable:"false"`
	Hosts      []DeadHost   `json:"hosts"   nullable:"false"`
	Users      []DeadUser   `json:"users"   nullable:"false"`
	OtherHosts int          `json:"other_hosts" minimum:"0" doc:"Hosts of counted dead letters that are not listed" example:"0"`
	OtherUsers int          `json:"other_users" minimum:"0" doc:"Users of counted dead letters that are not listed" example:"0"`
}

// DeadTally is a number of dead letters.
type DeadTally struct {
	Count    int        `json:"count" minimum:"0" example:"1204"`
	OldestAt *time.Time `json:"oldest_at,omitempty" doc:"When the first of them failed"`
	NewestAt *time.Time `json:"newest_at,omitempty" doc:"When the last of them failed"`
}

// DeadReason is the dead letters of a reason.
type DeadReason struct {
	Reason    string `json:"reason"    example:"source_timeout"`
	Retryable bool   `json:"retryable" doc:"Whether a replay can succeed though nothing else was changed" example:"true"`
	DeadTally
}

// DeadHost is the dead letters of a host.
type DeadHost struct {
	Host string `json:"host" example:"example.com"`
	DeadTally

	Reasons []DeadReason `json:"reasons" nullable:"false"`
}

// DeadUser is the dead letters of a user.
type DeadUser struct {
	UserID int64 `json:"user_id" minimum:"1" example:"1"`
	DeadTally
}

// DeadFilter selects dead letters; the zero value selects all of them.
type DeadFilter struct {
	Reason       string     `json:"reason,omitempty"        doc:"One of the reasons of images, or unreadable" example:"source_timeout"`
	Host         string     `json:"host,omitempty"          example:"example.com"`
	UserID       int64      `json:"user_id,omitempty"       minimum:"1" example:"1" typical:"false"`
	ProductID    int64      `json:"product_id,omitempty"    minimum:"1" example:"101" typical:"false"`
	FailedAfter  *time.Time `json:"failed_after,omitempty"  doc:"Inclusive" typical:"false"`
	FailedBefore *time.Time `json:"failed_before,omitempty" doc:"Exclusive" example:"2026-11-03T09:30:00Z" typical:"false"`
}

// DeadOrder asks for a replay or a discard, by ids or by filter.
type DeadOrder struct {
	IDs    []string   `json:"ids,omitempty"     nullable:"false" doc:"Applied at once; not together with filter"`
	Filter DeadFilter `json:"filter,omitzero"   doc:"Applied at once where it selects few dead letters and no rate is given, else by a job"`
	All    bool       `json:"all,omitempty"     doc:"Says that an empty filter, which selects every dead letter, is meant"`
	DryRun bool       `json:"dry_run,omitempty" doc:"Only count"`
	Rate   int64      `json:"rate,omitempty"    minimum:"1" doc:"Dead letters a second, for a filter"`
}

// DeadOutcome answers a DeadOrder that was applied at once; a job answers others.
type DeadOutcome struct {
	Matched int64     `json:"matched" minimum:"0" doc:"Dead letters that were selected" example:"3"`
	Done    int64     `json:"done"    minimum:"0" doc:"Dead letters that were replayed or discarded; 0 in a dry run" example:"2"`
	DryRun  bool      `json:"dry_run"`
	Skipped []Skipped `json:"skipped" nullable:"false" doc:"Ids that were left as they are"`
}

// Skipped is an id that a DeadOrder could not be applied to.
type Skipped struct {
	ID     string `json:"id"     example:"image-42"`
	Reason string `json:"reason" example:"is not a dead letter" doc:"Completes the sentence that begins with the id"`
}

// DeadJob is a replay or discard of many dead letters in the background.
type DeadJob struct {
	ID         int64      `json:"id"                    minimum:"1" example:"7"`
	Action     string     `json:"action"                enum:"replay,discard"`
	Filter     DeadFilter `json:"filter"`
	Rate       int64      `json:"rate,omitempty"        minimum:"1" doc:"Dead letters a second; absent for no limit" example:"10"`
	Total      int64      `json:"total"                 minimum:"0" doc:"Dead letters that matched when the job was made" example:"1200"`
	Done       int64      `json:"done"                  minimum:"0" doc:"Dead letters that the job has replayed or discarded; others may do so first" example:"350"`
	State      string     `json:"state"                 enum:"running,done,aborted"`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty" typical:"false"`
}
