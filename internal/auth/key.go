package auth

import (
	"fmt"
	"strconv"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// The names of the fields of keys, as clients write them.
const (
	FieldUserID    = "user_id"
	FieldScopes    = "scopes"
	FieldExpiresIn = "expires_in"
	FieldOverlap   = "overlap"
)

// Limits on keys.
const (
	MaxLife        = 10 * 365 * 24 * time.Hour
	MaxOverlap     = 30 * 24 * time.Hour
	DefaultOverlap = 24 * time.Hour
)

// Key is an API key without its text, which only its creation returns.
type Key struct {
	ID         int64
	UserID     int64
	Name       string
	Prefix     string // the beginning of the text
	Scopes     Scopes
	CreatedAt  time.Time
	Life       time.Duration // that it was made for; 0: it does not expire by itself
	ExpiresAt  time.Time     // zero: never
	RevokedAt  time.Time     // zero: it is not
	LastUsedAt time.Time     // to the minute; zero: never
}

// KeyDraft is a key as it is asked for, before any rule was checked.
type KeyDraft struct {
	UserID int64
	Name   string
	Scopes Scopes
	Life   time.Duration // 0: it does not expire
	// FieldErrors are the fields that could not be read.
	FieldErrors fault.FieldErrors
}

func (d KeyDraft) check() error {
	bad := d.FieldErrors
	if d.UserID < 1 || d.UserID > MaxID {
		bad.Add(FieldUserID, fmt.Sprintf("must be an integer from 1 to %d", MaxID))
	}
	bad.Add(FieldName, text.NameFault(d.Name, MaxNameRunes))
	checkScopes(&bad, d.Scopes)
	bad.Add(FieldExpiresIn, secondsFault(d.Life, MaxLife))
	return bad.Err()
}

// secondsFault says what is wrong with a time that a client gives in seconds.
func secondsFault(given, most time.Duration) string {
	if given < 0 || given > most {
		return fmt.Sprintf("must be from 0 to %d seconds", most/time.Second)
	}
	return ""
}

// NewKey is a checked KeyDraft on its way into the store.
type NewKey struct {
	KeyDraft

	Prefix string
	Digest Digest
}

// newKey draws the text of a key.
func newKey(d KeyDraft) (NewKey, string) {
	secret := newSecret()
	return NewKey{KeyDraft: d, Prefix: secret[:shownChars], Digest: digest(secret)}, secret
}

// Created is a new key with its text.
type Created struct {
	Key

	Secret string
}

func entry(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
