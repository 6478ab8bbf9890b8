package client

import "time"

type deadLetter struct {
	ID       string    `json:"id"`
	FailedAt time.Time `json:"failed_at"`
	Reason   struct {
		Code string `json:"code"`
	} `json:"reason"`
	ProductID int64  `json:"product_id"`
	UserID    int64  `json:"user_id"`
	Attempts  int    `json:"attempts"`
	SourceURL string `json:"source_url"`
	MessageID string `json:"message_id"`
	Bytes     *int64 `json:"bytes"`
}

// DeadFilter selects dead letters.
type DeadFilter struct {
	Reason       string     `json:"reason,omitempty"`
	Host         string     `json:"host,omitempty"`
	UserID       int64      `json:"user_id,omitempty"`
	ProductID    int64      `json:"product_id,omitempty"`
	FailedAfter  *time.Time `json:"failed_after,omitempty"`
	FailedBefore *time.Time `json:"failed_before,omitempty"`
}

// DeadOrder says what is to be done to which dead letters.
type DeadOrder struct {
	IDs    []string   `json:"ids,omitempty"`
	Filter DeadFilter `json:"filter,omitzero"`
	All    bool       `json:"all,omitempty"`
	DryRun bool       `json:"dry_run,omitempty"`
	Rate   int64      `json:"rate,omitempty"`
}

// Applied is the outcome of a replay or a discard.
type Applied struct {
	Matched int64     `json:"matched"`
	Done    int64     `json:"done"`
	DryRun  bool      `json:"dry_run"`
	Skipped []Skipped `json:"skipped"`
}

// Skipped is an id that nothing was done to.
type Skipped struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// DeadJob is the progress of a large replay or discard.
type DeadJob struct {
	ID     int64  `json:"id"`
	Action string `json:"action"`
	Total  int64  `json:"total"`
	Done   int64  `json:"done"`
	State  string `json:"state"`
}
