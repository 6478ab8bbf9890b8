package wire

import "time"

// User owns products.
type User struct {
	ID           int64      `json:"id"              minimum:"1" example:"1"`
	Name         string     `json:"name"            example:"Shop of Jo"`
	Email        string     `json:"email,omitempty" example:"jo@example.com"`
	CreatedAt    time.Time  `json:"created_at"`
	ErasingSince *time.Time `json:"erasing_since,omitempty" doc:"Since when the user is deleted with all products, in the background; absent where it is not" typical:"false"`
}

// Erasure is the deletion of a user with all that the user owns, in the background.
type Erasure struct {
	ID         int64      `json:"id"                    minimum:"1" example:"7"`
	UserID     int64      `json:"user_id"               minimum:"1" example:"1"`
	Total      int64      `json:"total"                 minimum:"0" doc:"Products that the user had when the job was made" example:"1200"`
	Done       int64      `json:"done"                  minimum:"0" doc:"Products that the job has deleted" example:"350"`
	State      string     `json:"state"                 enum:"running,done"`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty" doc:"When the user was gone" typical:"false"`
}

// Key is an API key without its text.
type Key struct {
	ID         int64      `json:"id"                     minimum:"1" example:"17"`
	UserID     int64      `json:"user_id"                minimum:"1" doc:"The user whom requests with the key act for" example:"1"`
	Name       string     `json:"name"                   example:"shop back end"`
	Prefix     string     `json:"prefix"                 doc:"The beginning of the key" example:"vit_4fK2pQ"`
	Scopes     []string   `json:"scopes"                 nullable:"false" doc:"What the key is good for" example:"products:read,products:write"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"   doc:"Absent for a key that does not expire" example:"2027-11-02T09:30:00Z"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"   doc:"Absent for a key that is not revoked" typical:"false"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"Within about a minute; absent for a key that was never used" example:"2026-11-27T18:05:00Z"`
}

// CreatedKey is a new API key.
type CreatedKey struct {
	Key

	Secret string `json:"key" doc:"The key, for the Authorization header. It is shown this once" example:"vit_4fK2pQ…"`
}

// AuditEntry is something that was done to users or keys, or by an operator.
type AuditEntry struct {
	ID        int64     `json:"id"                   minimum:"1" example:"4021"`
	At        time.Time `json:"at"`
	UserID    int64     `json:"user_id,omitempty"    minimum:"1" doc:"Whose key it was; absent where it was done on the command line" example:"1"`
	KeyPrefix string    `json:"key_prefix,omitempty" doc:"The beginning of the key" example:"vit_4fK2pQ"`
	Address   string    `json:"address,omitempty"    doc:"Where the request came from" example:"203.0.113.7"`
	RequestID string    `json:"request_id,omitempty" example:"4XKQ2VJ5D3M7YB6TRZP0HNWCEA"`
	Action    string    `json:"action"               example:"key.revoke"`
	Target    string    `json:"target"               example:"key:17"`
	Outcome   string    `json:"outcome"              example:"done"`
}

// Page is one page of a list.
type Page[T any] struct {
	Data       []T    `json:"data"                  nullable:"false"`
	NextCursor string `json:"next_cursor,omitempty" doc:"For the next page; absent on the last one" example:"AWc3kQ7xJ2mVtYb0LsRfPzHdNq4aXeUiGoCw"`
}
