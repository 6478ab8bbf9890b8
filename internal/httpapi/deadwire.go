package httpapi

import (
	"time"

	"vitrine.dev/internal/failures"
)

type deadLetter struct {
	ID       string    `json:"id"        doc:"Names the letter in a replay or a discard"                             example:"image-42"`
	Kind     string    `json:"kind"      doc:"An image whose work failed, or a message of the broker that nobody could read" enum:"image,unreadable"`
	FailedAt time.Time `json:"failed_at" doc:"When the image failed, or the message was received"`
	Reason   reason    `json:"reason"`

	ImageID   int64  `json:"image_id,omitempty"   minimum:"1"`
	ProductID int64  `json:"product_id,omitempty" minimum:"1"`
	UserID    int64  `json:"user_id,omitempty"    minimum:"1"`
	SourceURL string `json:"source_url,omitempty" doc:"As it was given"`
	Host      string `json:"host,omitempty"       doc:"Of the source, in lower case, with its port where that is not the usual one"`
	Attempts  int    `json:"attempts,omitempty"   minimum:"1"`
	RequestID string `json:"request_id,omitempty" doc:"Of the request that asked for the work last"`

	MessageID  string     `json:"message_id,omitempty"  doc:"As the broker knew the message"`
	Bytes      *int64     `json:"bytes,omitempty"       doc:"Length of the message's body" minimum:"0"`
	Preview    []byte     `json:"preview,omitempty"     doc:"The beginning of the message's body, in base64"`
	ReceivedAt *time.Time `json:"received_at,omitempty" doc:"When the message was received"`
}

func wireDeadLetter(l failures.Item) deadLetter {
	w := deadLetter{
		ID: l.ID.String(), Kind: string(l.ID.Kind), FailedAt: l.FailedAt,
		Reason: reason{Code: string(l.Reason), Detail: l.Detail, Retryable: l.Retryable()},
	}
	if l.ID.Kind == failures.KindMessage {
		w.Kind = string(failures.Unreadable)
		w.MessageID, w.Bytes, w.Preview, w.ReceivedAt = l.MessageID, &l.Bytes, l.Preview, &l.FailedAt
		return w
	}
	w.ImageID, w.ProductID, w.UserID = l.ID.N, l.ProductID, l.UserID
	w.SourceURL, w.Host, w.Attempts, w.RequestID = l.SourceURL, l.Host, l.Attempts, l.RequestID
	return w
}

type settled struct {
	Matched int64     `json:"matched" minimum:"0" doc:"Dead letters that the order means"`
	Done    int64     `json:"done"    minimum:"0" doc:"Those that were settled; 0 in a dry run"`
	DryRun  bool      `json:"dry_run"`
	Skipped []skipped `json:"skipped" nullable:"false" doc:"Ids that nothing was done to"`
}

type skipped struct {
	ID     string `json:"id"     example:"image-42"`
	Reason string `json:"reason" example:"is not a dead letter" doc:"Completes the sentence that begins with the id"`
}

type deadFilter struct {
	Reason       string     `json:"reason,omitempty"        doc:"One of the reasons of images, or unreadable"`
	Host         string     `json:"host,omitempty"          example:"example.com"`
	UserID       int64      `json:"user_id,omitempty"       minimum:"1"`
	ProductID    int64      `json:"product_id,omitempty"    minimum:"1"`
	FailedAfter  *time.Time `json:"failed_after,omitempty"  doc:"Inclusive"`
	FailedBefore *time.Time `json:"failed_before,omitempty" doc:"Exclusive"`
}

type deadJob struct {
	ID         int64      `json:"id"                    minimum:"1"`
	Action     string     `json:"action"                enum:"replay,discard"`
	Filter     deadFilter `json:"filter"`
	Rate       int64      `json:"rate,omitempty"        minimum:"1" doc:"Dead letters a second; absent for as fast as it goes"`
	Total      int64      `json:"total"                 minimum:"0" doc:"Dead letters that matched when the job was made"`
	Done       int64      `json:"done"                  minimum:"0" doc:"Those that the job has settled; others may settle some first"`
	State      string     `json:"state"                 enum:"running,done,aborted"`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
}

func wireDeadJob(j failures.Job) deadJob {
	w := deadJob{
		ID: j.ID, Action: j.Kind, Rate: j.Rate, Total: j.Total, Done: j.Done, State: string(j.State), CreatedAt: j.CreatedAt,
		Filter: deadFilter{
			Reason: string(j.Filter.Reason), Host: j.Filter.Host, UserID: j.Filter.UserID, ProductID: j.Filter.ProductID,
			FailedAfter: given(j.Filter.FailedAfter), FailedBefore: given(j.Filter.FailedBefore),
		},
	}
	w.FinishedAt = given(j.FinishedAt)
	return w
}

// given returns nil for the time that stands for none.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// The type of the request exists for the description only, as those of
// products do.
type deadOrder struct {
	IDs    []string   `json:"ids,omitempty"     maxItems:"1000" nullable:"false" doc:"Settled at once; not together with filter"`
	Filter deadFilter `json:"filter,omitzero"   doc:"Settled at once where it selects at most 1000 dead letters and no rate is given, else by a job"`
	All    bool       `json:"all,omitempty"     doc:"Says that an empty filter, which selects every dead letter, is meant"`
	DryRun bool       `json:"dry_run,omitempty" doc:"Only count"`
	Rate   int64      `json:"rate,omitempty"    minimum:"1" maximum:"100000" doc:"Dead letters a second, for a filter"`
}
