package wire

import "time"

// Import is a file of products on its way into the catalogue.
type Import struct {
	ID          int64        `json:"id"                     minimum:"1" example:"12"`
	UserID      int64        `json:"user_id"                minimum:"1" example:"1"`
	State       string       `json:"state"                  enum:"validating,writing,images,cancelling,paused,cancelled,completed,completed_with_errors,failed" doc:"validating: every row is checked and nothing is written. images: all rows are done with, and images are on their way. completed: all rows are done with, and all of their images are ready or failed; with errors where a row or an image has failed. failed: a row is at fault and nothing was written, or the file is gone from the storage" example:"images"`
	DryRun      bool         `json:"dry_run"                doc:"Every row is checked, and nothing is written"`
	ErrorPolicy string       `json:"error_policy"           enum:"rows,all"`
	Mode        string       `json:"mode"                   enum:"upsert,create"`
	ImageRate   int64        `json:"image_rate,omitempty"   minimum:"1" doc:"Images a second that are let in; absent for no limit" example:"50" typical:"false"`
	Bytes       int64        `json:"bytes"                  minimum:"1" doc:"Of the file" example:"262144"`
	SHA256      string       `json:"sha256"                 minLength:"64" maxLength:"64" doc:"Of the file, in hex digits" example:"4a90f371d000ea46901dfb2633ddd3fb066fb4621134f1486c192f432361efdb"`
	Rows        ImportRows   `json:"rows"`
	Images      ImportImages `json:"images"`
	PerSecond   float64      `json:"per_second"             minimum:"0" doc:"Rows that were done lately, a second; in the state images, images" example:"42.5"`
	SecondsLeft *int64       `json:"seconds_left,omitempty" minimum:"0" doc:"An estimate for the state that it is in; absent where there is none" example:"10"`
	CreatedAt   time.Time    `json:"created_at"`
	FinishedAt  *time.Time   `json:"finished_at,omitempty" example:"2026-11-02T09:34:12Z" typical:"false"`
}

// ImportRows are what became of the rows of a file.
type ImportRows struct {
	Read       int64 `json:"read"       minimum:"0" doc:"Rows that were looked at; in the state validating, those that were checked" example:"1000"`
	Created    int64 `json:"created"    minimum:"0" example:"900"`
	Updated    int64 `json:"updated"    minimum:"0" example:"60"`
	Unchanged  int64 `json:"unchanged"  minimum:"0" example:"30"`
	Failed     int64 `json:"failed"     minimum:"0" example:"10"`
	Superseded int64 `json:"superseded" minimum:"0" doc:"A later row of the same external_id has won" example:"0"`
}

// ImportImages are where the images are that rows have asked for.
type ImportImages struct {
	Waiting int64 `json:"waiting" minimum:"0" example:"425"`
	Ready   int64 `json:"ready"   minimum:"0" example:"1380"`
	Failed  int64 `json:"failed"  minimum:"0" example:"15"`
}

// ImportResult is what became of one row of a file.
type ImportResult struct {
	Line       int64        `json:"line"                  minimum:"1" doc:"Where the row begins in the file" example:"2"`
	ExternalID string       `json:"external_id,omitempty" example:"SKU-4711"`
	ProductID  int64        `json:"product_id,omitempty"  minimum:"1" doc:"Absent where the row failed" example:"101"`
	Outcome    string       `json:"outcome"               enum:"created,updated,unchanged,failed,superseded"`
	Errors     []RowError   `json:"errors,omitempty"      nullable:"false" doc:"Why it failed: the first ten" typical:"false"`
	Images     ImportImages `json:"images"                doc:"That the row has asked for"`
}
