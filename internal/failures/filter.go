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

// Filter selects dead letters. The zero value selects all of them. Its JSON is
// what a Job keeps.
type Filter struct {
	Reason       fault.Reason  `json:"reason,omitempty"`
	Host         string        `json:"host,omitempty"` // in lower case after check
	UserID       int64         `json:"user_id,omitempty"`
	ProductID    int64         `json:"product_id,omitempty"`
	FailedAfter  time.Time     `json:"failed_after,omitzero"`  // inclusive
	FailedBefore time.Time     `json:"failed_before,omitzero"` // exclusive
	Faults       []fault.Field `json:"-"`                      // of form, found before the rules are asked
}

// Empty reports whether the filter selects everything.
func (f Filter) Empty() bool {
	return f.Reason == "" && f.Host == "" && f.UserID == 0 && f.ProductID == 0 &&
		f.FailedAfter.IsZero() && f.FailedBefore.IsZero()
}

// Reasons are the reasons that a filter may ask for.
func Reasons() []fault.Reason { return append(fault.Reasons(), Unreadable) }

// Has reports whether letters of the kind can match. Messages have neither
// host nor user nor product.
func (f Filter) Has(kind Kind) bool {
	if kind == KindImage {
		return f.Reason != Unreadable
	}
	return (f.Reason == "" || f.Reason == Unreadable) && f.Host == "" && f.UserID == 0 && f.ProductID == 0
}

// check returns the filter as the store wants it and every field at fault,
// each name after prefix.
func (f Filter) check(prefix string) (Filter, []fault.Field) {
	bad := slices.Clone(f.Faults)
	add := func(name, reason string) {
		if !slices.ContainsFunc(bad, func(known fault.Field) bool { return known.Name == prefix+name }) {
			bad = append(bad, fault.Field{Name: prefix + name, Reason: reason})
		}
	}
	if f.Reason != "" && !slices.Contains(Reasons(), f.Reason) {
		add(FieldReason, "must be one of the reasons, such as "+string(fault.SourceNotFound)+" or "+string(Unreadable))
	}
	if len(f.Host) > maxHostBytes || strings.ContainsAny(f.Host, "\x00/ ") || strings.ToValidUTF8(f.Host, "") != f.Host {
		add(FieldHost, "must be the host of a URL, such as example.com")
	}
	for name, id := range map[string]int64{FieldUserID: f.UserID, FieldProductID: f.ProductID} {
		if id < 0 || id > catalog.MaxID {
			add(name, fmt.Sprintf("must be an integer from 1 to %d", catalog.MaxID))
		}
	}
	if !f.FailedAfter.IsZero() && !f.FailedBefore.IsZero() && !f.FailedAfter.Before(f.FailedBefore) {
		add(FieldFailedAfter, "must be before "+FieldFailedBefore)
	}
	f.Host, f.Faults = strings.ToLower(f.Host), nil
	return f, bad
}
