package auth

import (
	"context"
	"sync"
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

// The outcomes of what was done, and of what the principal may not do.
const (
	Done    = "done"
	Refused = "refused"
)

const (
	// refusalEvery is how often a refusal of one key is written.
	refusalEvery = time.Second
	// maxRefused bounds the keys of which one is written in that time.
	maxRefused = 10_000
)

// refusals says which are written. The zero value has written none.
type refusals struct {
	mu    sync.Mutex
	since time.Time
	keys  map[int64]struct{} // whose refusal was written since then
}

// recorded reports whether a refusal of the key is to be written now.
func (r *refusals) recorded(key int64, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.since) >= refusalEvery {
		r.since, r.keys = now, make(map[int64]struct{})
	}
	if _, written := r.keys[key]; written || len(r.keys) >= maxRefused {
		return false
	}
	r.keys[key] = struct{}{}
	return true
}

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
