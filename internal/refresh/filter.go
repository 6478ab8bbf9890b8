package refresh

import (
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/filtered"
)

// The names of the filter's fields that other filters do not have, as clients write them.
const (
	FieldProductIDs    = "product_ids"
	FieldUpdatedBefore = "updated_before"
)

// MaxProductIDs bounds a filter.
const MaxProductIDs = 1000

// Filter selects images that are ready and not worked on. The zero value selects all of
// them. Its JSON is what a Job keeps.
type Filter struct {
	Host          string    `json:"host,omitempty"` // in lower case after Check
	UserID        int64     `json:"user_id,omitempty"`
	ProductIDs    []int64   `json:"product_ids,omitempty"`   // sorted after Check; none for those of all products
	UpdatedBefore time.Time `json:"updated_before,omitzero"` // exclusive: catalog.Image.UpdatedAt
	// FieldErrors are the fields that could not be read; Check adds those that
	// break a rule.
	FieldErrors fault.FieldErrors `json:"-"`
}

// Empty implements filtered.Filter.
func (f Filter) Empty() bool {
	return f.Host == "" && f.UserID == 0 && len(f.ProductIDs) == 0 && f.UpdatedBefore.IsZero()
}

// OfUser implements filtered.Filter.
func (f Filter) OfUser() int64 { return f.UserID }

// Check implements filtered.Filter.
func (f Filter) Check() (Filter, fault.FieldErrors) {
	bad := slices.Clone(f.FieldErrors)
	f.Host = filtered.CheckHost(&bad, f.Host)
	filtered.CheckID(&bad, filtered.FieldUserID, f.UserID)
	if len(f.ProductIDs) > MaxProductIDs {
		bad.Add(FieldProductIDs, fmt.Sprintf("must have at most %d entries", MaxProductIDs))
	}
	for i, product := range f.ProductIDs {
		if product < 1 || product > catalog.MaxID {
			bad.Add(fmt.Sprintf("%s[%d]", FieldProductIDs, i), fmt.Sprintf("must be an integer from 1 to %d", catalog.MaxID))
		}
	}
	f.ProductIDs = slices.Clone(f.ProductIDs)
	slices.Sort(f.ProductIDs)
	f.ProductIDs, f.FieldErrors = slices.Compact(f.ProductIDs), nil
	return f, bad
}
