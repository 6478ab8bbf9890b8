package auth

import (
	"context"
	"time"

	"vitrine.dev/internal/requestid"
)

// AuditRetention is how long entries are kept.
const AuditRetention = 400 * 24 * time.Hour

// Entry is one action in the audit log. Who did it is a user and the prefix of a key, or
// neither: authentication is off, or it was done with the database at hand.
type Entry struct {
	ID        int64
	At        time.Time
	UserID    int64
	KeyPrefix string
	Address   string
	RequestID string
	Action    string // such as key.create
	Target    string // such as key:17
	Outcome   string
}

// ActionCreateKey is the action by which a key came to be, also in place of another.
const ActionCreateKey = "key.create"

// Done is the outcome of what was done.
const Done = "done"

// EntryOf returns an entry of a change, done, of what belongs to users.
func EntryOf(ctx context.Context, by Principal, action string) Entry {
	return entryOf(ctx, by, action, "", Done)
}

// entryOf returns an entry of what the principal does.
func entryOf(ctx context.Context, by Principal, action, target, outcome string) Entry {
	return Entry{
		UserID: by.Caller, KeyPrefix: by.Prefix, Address: by.Address, RequestID: requestid.From(ctx),
		Action: action, Target: target, Outcome: outcome,
	}
}
