package catalog

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/text"
)

// Filter selects products for a list.
type Filter struct {
	UserID   int64  // whose products; a Store takes 0 for those of all users, a Service refuses it
	PriceMin *Price // inclusive
	PriceMax *Price // inclusive
	Name     string // substring of the name, compared after Fold
	Before   int64  // only products with a smaller id; 0 for no bound
	Limit    int    // 0 for DefaultListLimit
	MaxBytes int    // for Store.ListProducts only; set by Service.List
	// FieldErrors are the fields that could not be read; a Service adds those
	// that break a rule.
	FieldErrors fault.FieldErrors
}

func (f Filter) check() error {
	bad := checker{f.FieldErrors}
	if f.UserID == 0 {
		bad.Add(FieldUserID, required)
	}
	bad.checkID(FieldUserID, f.UserID)
	if f.Limit < 0 || f.Limit > MaxListLimit {
		bad.Add("limit", fmt.Sprintf("must be from 1 to %d", MaxListLimit))
	}
	if utf8.RuneCountInString(f.Name) > maxSearchRunes {
		bad.Add(FieldName, fmt.Sprintf("must have at most %d characters", maxSearchRunes))
	}
	bad.Add(FieldName, text.StorageFault(f.Name))
	if f.PriceMin != nil && f.PriceMax != nil && *f.PriceMin > *f.PriceMax {
		bad.Add("price_min", "must not be greater than price_max")
	}
	return bad.Err()
}

// Fold maps text to the form in which names are compared: case folded and
// normalised (NFKC), so that "STRASSE" finds "Straße". To fold twice changes
// nothing more.
func Fold(s string) string {
	return norm.NFKC.String(strings.Map(foldCherokee, cases.Fold().String(norm.NFKC.String(s))))
}

// foldCherokee maps the small letters of Cherokee to the capitals, as Unicode
// folds them; package cases exchanges the two.
func foldCherokee(r rune) rune {
	switch {
	case r >= 0xAB70 && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	case r >= 0x13F8 && r <= 0x13FD:
		return r - 8
	}
	return r
}

// Page is one page of a list, newest first.
type Page struct {
	Products []Summary
	Next     int64 // Filter.Before of the next page; 0 where this is the last
}
