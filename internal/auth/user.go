package auth

import (
	"net/mail"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// The names of a user's fields, as clients write them.
const (
	FieldName  = "name"
	FieldEmail = "email"
)

// MaxID is the largest id of anything: every id is exact in a JSON number (2^53 − 1).
const MaxID int64 = 1<<53 - 1

// Limits on users.
const (
	MaxNameRunes = 200
	// MaxEmailBytes is the longest address that mail can be sent to (RFC 5321, 4.5.3.1.3,
	// less its brackets).
	MaxEmailBytes = 254
)

// User owns products.
type User struct {
	ID        int64
	Name      string // several users may have the same
	Email     string // "" where none is known; several users may have the same
	CreatedAt time.Time
	// ErasingSince is when it was asked for the erasure that runs; zero where none does.
	ErasingSince time.Time
}

// UserDraft is a user as it is asked for, before any rule was checked.
type UserDraft struct {
	Name        string
	Email       string
	FieldErrors fault.FieldErrors // the fields that could not be read
}

// UserPatch is a change of a user: nil leaves a field as it is.
type UserPatch struct {
	Name        *string
	Email       *string // "" removes it
	FieldErrors fault.FieldErrors
}

func (d UserDraft) check() error {
	bad := d.FieldErrors
	bad.Add(FieldName, text.NameFault(d.Name, MaxNameRunes))
	bad.Add(FieldEmail, emailFault(d.Email))
	return bad.Err()
}

// apply returns the user with the patch applied. fault.Invalid.
func (p UserPatch) apply(u User) (User, error) {
	d := UserDraft{Name: u.Name, Email: u.Email, FieldErrors: p.FieldErrors}
	if p.Name != nil {
		d.Name = *p.Name
	}
	if p.Email != nil {
		d.Email = *p.Email
	}
	u.Name, u.Email = d.Name, d.Email
	return u, d.check()
}

// emailFault says what is wrong with an address, "" for nothing. It judges by the form
// that mail programs accept, without a display name.
func emailFault(address string) string {
	if address == "" {
		return ""
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > MaxEmailBytes {
		return "must be an e-mail address such as jo@example.com"
	}
	return text.StorageFault(address)
}
