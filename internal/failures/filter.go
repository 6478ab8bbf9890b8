package failures

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// The names of the filter's fields, as clients write them.
const (
	FieldReason       = "reason"
	FieldHost         = "host"
	FieldUserID       = "user_id"
	FieldProductID    = "product_id"
	FieldFailedAfter  = "failed_after"
	FieldFailedBefore = "failed_before"
)

// maxHostBytes is the length of the longest name (RFC 1035) with a port.
const maxHostBytes = 259

// Filter selects failures. The zero value selects all of them. Its JSON is
// what a Job keeps.
type Filter struct {
	Reason       fault.Reason `json:"reason,omitempty"`
	Host         string       `json:"host,omitempty"` // in lower case after check
	UserID       int64        `json:"user_id,omitempty"`
	ProductID    int64        `json:"product_id,omitempty"`
	FailedAfter  time.Time    `json:"failed_after,omitzero"`  // inclusive
	FailedBefore time.Time    `json:"failed_before,omitzero"` // exclusive
	// FieldErrors are the fields that could not be read; check adds those that
	// break a rule.
	FieldErrors fault.FieldErrors `json:"-"`
}

// Empty reports whether the filter selects everything.
func (f Filter) Empty() bool {
	return f.Reason == "" && f.Host == "" && f.UserID == 0 && f.ProductID == 0 &&
		f.FailedAfter.IsZero() && f.FailedBefore.IsZero()
}

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

// check returns the filter as the store wants it and every field that is wrong.
func (f Filter) check() (Filter, fault.FieldErrors) {
	bad := slices.Clone(f.FieldErrors)
	if f.Reason != "" && !slices.Contains(Reasons(), f.Reason) {
		bad.Add(FieldReason, "must be one of the reasons, such as "+string(fault.SourceNotFound)+" or "+string(Unreadable))
	}
	if len(f.Host) > maxHostBytes || strings.ContainsAny(f.Host, "\x00/ ") || strings.ToValidUTF8(f.Host, "") != f.Host {
		bad.Add(FieldHost, "must be the host of a URL, such as example.com")
	}
	if f.UserID < 0 || f.UserID > catalog.MaxID {
		bad.Add(FieldUserID, fmt.Sprintf("must be an integer from 1 to %d", catalog.MaxID))
	}
	if f.ProductID < 0 || f.ProductID > catalog.MaxID {
		bad.Add(FieldProductID, fmt.Sprintf("must be an integer from 1 to %d", catalog.MaxID))
	}
	if !f.FailedAfter.IsZero() && !f.FailedBefore.IsZero() && !f.FailedAfter.Before(f.FailedBefore) {
		bad.Add(FieldFailedAfter, "must be before "+FieldFailedBefore)
	}
	f.Host, f.FieldErrors = strings.ToLower(f.Host), nil
	return f, bad
}
