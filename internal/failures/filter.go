package failures

import (
	"slices"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/filtered"
)

// The names of the filter's fields that other filters do not have, as clients write them.
const (
	FieldReason       = "reason"
	FieldProductID    = "product_id"
	FieldFailedAfter  = "failed_after"
	FieldFailedBefore = "failed_before"
)

// Filter selects failures. The zero value selects all of them. Its JSON is
// what a Job keeps.
type Filter struct {
	Reason       fault.Reason `json:"reason,omitempty"`
	Host         string       `json:"host,omitempty"` // in lower case after Check
	UserID       int64        `json:"user_id,omitempty"`
	ProductID    int64        `json:"product_id,omitempty"`
	FailedAfter  time.Time    `json:"failed_after,omitzero"`  // inclusive
	FailedBefore time.Time    `json:"failed_before,omitzero"` // exclusive
	// FieldErrors are the fields that could not be read; Check adds those that
	// break a rule.
	FieldErrors fault.FieldErrors `json:"-"`
}

// Empty implements filtered.Filter.
func (f Filter) Empty() bool {
	return f.Reason == "" && f.Host == "" && f.UserID == 0 && f.ProductID == 0 &&
		f.FailedAfter.IsZero() && f.FailedBefore.IsZero()
}

// OfUser implements filtered.Filter.
func (f Filter) OfUser() int64 { return f.UserID }

// Reasons are the reasons that a filter may ask for.
func Reasons() []fault.Reason { return append(fault.Reasons(), Unreadable) }

// Has reports whether items of the kind can match. Messages have neither
// host nor user nor product.
func (f Filter) Has(kind Kind) bool {
	if kind == KindImage {
		return f.Reason != Unreadable
	}
	return (f.Reason == "" || f.Reason == Unreadable) && f.Host == "" && f.UserID == 0 && f.ProductID == 0
}

// Check implements filtered.Filter.
func (f Filter) Check() (Filter, fault.FieldErrors) {
	bad := slices.Clone(f.FieldErrors)
	if f.Reason != "" && !slices.Contains(Reasons(), f.Reason) {
		bad.Add(FieldReason, "must be one of the reasons, such as "+string(fault.SourceNotFound)+" or "+string(Unreadable))
	}
	f.Host, f.FieldErrors = filtered.CheckHost(&bad, f.Host), nil
	filtered.CheckID(&bad, filtered.FieldUserID, f.UserID)
	filtered.CheckID(&bad, FieldProductID, f.ProductID)
	if !f.FailedAfter.IsZero() && !f.FailedBefore.IsZero() && !f.FailedAfter.Before(f.FailedBefore) {
		bad.Add(FieldFailedAfter, "must be before "+FieldFailedBefore)
	}
	return f, bad
}

// of returns the filter as a store wants it, of what the principal may read.
// fault.Invalid; fault.Forbidden where it names another user.
func (f Filter) of(by auth.Principal) (Filter, error) {
	f, bad := f.Check()
	err := bad.Err()
	if err == nil {
		f.UserID, err = by.ForReading(f.UserID)
	}
	return f, err
}
