package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// The names of what a list is asked for, as clients write them, beside the fields of
// products.
const (
	FilterQuery        = "q"
	FilterSort         = "sort"
	FilterImageStatus  = "image_status"
	FilterSourceHost   = "source_host"
	FilterUpdatedAfter = "updated_after"
	FilterPriceMin     = "price_min"
	FilterPriceMax     = "price_max"
)

// Filter selects products for a list.
type Filter struct {
	UserID       int64     // whose products; a Store takes 0 for those of all users, a Service refuses it
	PriceMin     *Price    // inclusive
	PriceMax     *Price    // inclusive
	Name         string    // part of the name: find.Part
	Query        string    // the same, but where the name begins if it is short: find.Query
	ExternalID   string    // exactly; "": any
	ImageStatus  Status    // of one image at least: Pending, Ready or Failed; "": any
	SourceHost   string    // that one image at least is from, of the ImageStatus where there is one, as media.SourceHost has it, but for its case, of which a Store takes the lower; "": any
	UpdatedAfter time.Time // only edits after it, to the millisecond; zero for no bound
	Sort         find.Sort
	After        find.Position // only products behind it in the order; zero for no bound
	Limit        int           // 0 for DefaultListLimit
	MaxBytes     int           // for Store.ListProducts only; set by Service.List
	// FieldErrors are the fields that could not be read; a Service adds those
	// that break a rule.
	FieldErrors fault.FieldErrors
}

// ImageStatuses lists those that a list can be filtered by: what a product counts its
// images by.
func ImageStatuses() []Status { return []Status{Pending, Ready, Failed} }

func (f Filter) check() error {
	bad := checker{f.FieldErrors}
	if f.UserID == 0 {
		bad.Add(FieldUserID, required)
	}
	bad.checkID(FieldUserID, f.UserID)
	if f.Limit < 0 || f.Limit > MaxListLimit {
		bad.Add("limit", fmt.Sprintf("must be from 1 to %d", MaxListLimit))
	}
	bad.checkSearch(FieldName, f.Name)
	bad.checkSearch(FilterQuery, f.Query)
	if f.PriceMin != nil && f.PriceMax != nil && *f.PriceMin > *f.PriceMax {
		bad.Add(FilterPriceMin, "must not be greater than price_max")
	}
	bad.checkExternalID(f.ExternalID)
	if f.ImageStatus != "" {
		bad.Add(FilterImageStatus, oneOf(f.ImageStatus, ImageStatuses()))
	}
	if f.SourceHost != "" {
		bad.Add(FilterSourceHost, text.HostFault(f.SourceHost))
	}
	if f.Sort != "" {
		bad.Add(FilterSort, oneOf(f.Sort, find.Sorts()))
	}
	return bad.Err()
}

// ofStore is a filter that was checked as a Store takes it.
func (f Filter) ofStore() Filter {
	f.SourceHost = strings.ToLower(f.SourceHost)
	return f
}

// checkOfAll is check for the products of all users.
func (f Filter) checkOfAll() error {
	const ofOne = "needs a user"
	bad := checker{f.FieldErrors}
	if f.UserID != 0 {
		bad.Add(FieldUserID, "must not be given for all users")
	}
	if f.Limit < 0 || f.Limit > MaxListLimit {
		bad.Add("limit", fmt.Sprintf("must be from 1 to %d", MaxListLimit))
	}
	if f.ImageStatus != "" && f.ImageStatus != Failed {
		bad.Add(FilterImageStatus, ofOne+", but for "+string(Failed))
	}
	if f.SourceHost != "" {
		bad.Add(FilterSourceHost, text.HostFault(f.SourceHost))
	}
	if f.Sort.Or() != find.Newest && f.Sort != find.Oldest {
		bad.Add(FilterSort, ofOne+", but for "+string(find.Newest)+" and "+string(find.Oldest))
	}
	for field, given := range map[string]bool{
		FilterPriceMin: f.PriceMin != nil, FilterPriceMax: f.PriceMax != nil, FieldName: f.Name != "", FilterQuery: f.Query != "",
		FieldExternalID: f.ExternalID != "", FilterUpdatedAfter: !f.UpdatedAfter.IsZero(),
	} {
		if given {
			bad.Add(field, ofOne)
		}
	}
	return bad.Err()
}

func (c *checker) checkSearch(field, wanted string) {
	if utf8.RuneCountInString(wanted) > maxSearchRunes {
		c.Add(field, fmt.Sprintf("must have at most %d characters", maxSearchRunes))
	}
	c.Add(field, text.StorageFault(wanted))
}

// oneOf says what a value must be that is none of those allowed, "" where it is one.
func oneOf[T ~string](value T, allowed []T) string {
	if slices.Contains(allowed, value) {
		return ""
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return "must be one of " + strings.Join(names, ", ")
}

// Names are what the names of the products shall have.
func (f Filter) Names() []find.Name {
	var list []find.Name
	for _, n := range []find.Name{find.Part(f.Name), find.Query(f.Query)} {
		if n.Text != "" {
			list = append(list, n)
		}
	}
	return list
}

// PositionOf returns where the product stands in the order of the filter.
func (f Filter) PositionOf(p Summary) find.Position {
	at := find.Position{ID: p.ID}
	switch f.Sort {
	case find.Updated:
		at.Number = p.UpdatedAt.UnixMilli()
	case find.Cheapest, find.Dearest:
		at.Number = int64(p.Price)
	case find.Alphabetical:
		at.Text = find.Fold(p.Name)
	default:
	}
	return at
}

// updatedAfter is in milliseconds since 1970, -1 for no bound.
func (f Filter) updatedAfter() int64 {
	if f.UpdatedAfter.IsZero() {
		return -1
	}
	return f.UpdatedAfter.UnixMilli()
}

// fingerprint is equal for filters that select the same page, of the same tag.
func (f Filter) fingerprint(tag string) string {
	bound := func(p *Price) string {
		if p == nil {
			return "-"
		}
		return p.String()
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%d|%s|%s|%s|%s|%d|%d|%x|%q|%q|%q|%q",
		tag, f.UserID, bound(f.PriceMin), bound(f.PriceMax), f.ImageStatus, f.Sort.Or(), f.updatedAfter(), f.Limit, f.After.Encode(),
		find.Part(f.Name).Text, find.Query(f.Query).Text, f.ExternalID, f.SourceHost))
	return hex.EncodeToString(sum[:16])
}

// Page is one page of a list.
type Page struct {
	Products []Summary
	Next     find.Position // Filter.After of the next page, behind all that was looked at; zero where this is the last
}
