package refresh

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// The names of a request's fields, as clients write them.
const (
	FieldFilter        = "filter"
	FieldAll           = "all"
	FieldDryRun        = "dry_run"
	FieldRate          = "rate"
	FieldHost          = "host"
	FieldUserID        = "user_id"
	FieldProductIDs    = "product_ids"
	FieldUpdatedBefore = "updated_before"
)

// Limits on one request.
const (
	MaxProductIDs = 1000
	// MaxRate is the most images a second that can be asked for.
	MaxRate = 100_000
	// maxHostBytes is the length of the longest name (RFC 1035) with a port.
	maxHostBytes = 259
)

// Filter selects images that are ready and not worked on. The zero value selects all of
// them. Its JSON is what a Job keeps.
type Filter struct {
	Host          string    `json:"host,omitempty"` // in lower case after check
	UserID        int64     `json:"user_id,omitempty"`
	ProductIDs    []int64   `json:"product_ids,omitempty"`   // sorted after check; none for those of all products
	UpdatedBefore time.Time `json:"updated_before,omitzero"` // exclusive: catalog.Image.UpdatedAt
	// FieldErrors are the fields that could not be read; check adds those that
	// break a rule.
	FieldErrors fault.FieldErrors `json:"-"`
}

// Empty reports whether the filter selects everything.
func (f Filter) Empty() bool {
	return f.Host == "" && f.UserID == 0 && len(f.ProductIDs) == 0 && f.UpdatedBefore.IsZero()
}

// check returns the filter as the store wants it and every field that is wrong.
func (f Filter) check() (Filter, fault.FieldErrors) {
	bad := slices.Clone(f.FieldErrors)
	if len(f.Host) > maxHostBytes || strings.ContainsAny(f.Host, "\x00/ ") || strings.ToValidUTF8(f.Host, "") != f.Host {
		bad.Add(FieldHost, "must be the host of a URL, such as example.com")
	}
	id := fmt.Sprintf("must be an integer from 1 to %d", catalog.MaxID)
	if f.UserID < 0 || f.UserID > catalog.MaxID {
		bad.Add(FieldUserID, id)
	}
	if len(f.ProductIDs) > MaxProductIDs {
		bad.Add(FieldProductIDs, fmt.Sprintf("must have at most %d entries", MaxProductIDs))
	}
	for i, product := range f.ProductIDs {
		if product < 1 || product > catalog.MaxID {
			bad.Add(fmt.Sprintf("%s[%d]", FieldProductIDs, i), id)
		}
	}
	f.ProductIDs = slices.Clone(f.ProductIDs)
	slices.Sort(f.ProductIDs)
	f.ProductIDs = slices.Compact(f.ProductIDs)
	f.Host, f.FieldErrors = strings.ToLower(f.Host), nil
	return f, bad
}

// Request asks for the images that Filter selects to be fetched again.
type Request struct {
	Filter *Filter
	All    bool  // says that an empty filter is meant
	DryRun bool  // only count
	Rate   int64 // images a second; 0 for no limit
	// FieldErrors are the fields that could not be read, also of the filter.
	FieldErrors fault.FieldErrors
}

// check returns the request as Begin needs it. fault.Invalid with every field at fault.
func (r Request) check() (Request, error) {
	bad := slices.Clone(r.FieldErrors)
	var filter Filter
	if r.Filter != nil {
		var inner fault.FieldErrors
		filter, inner = r.Filter.check()
		bad.AddAll(FieldFilter+".", inner)
	}
	switch {
	case r.Filter == nil && !r.All:
		bad.Add(FieldFilter, "must be given, or all: true for every image")
	case filter.Empty() && !r.All && len(bad) == 0:
		bad.Add(FieldFilter, "is empty and selects every image: say so with all: true")
	case !filter.Empty() && r.All:
		bad.Add(FieldAll, "is for an empty filter only")
	}
	if r.Rate < 0 || r.Rate > MaxRate {
		bad.Add(FieldRate, fmt.Sprintf("must be an integer from 1 to %d", MaxRate))
	}
	r.Filter = &filter
	return r, bad.Err()
}
