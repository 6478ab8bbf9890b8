package catalog

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"vitrine.dev/internal/fault"
)

// The names of fields as clients write them.
const (
	FieldUserID      = "user_id"
	FieldName        = "product_name"
	FieldDescription = "product_description"
	FieldImages      = "product_images"
	FieldPrice       = "product_price"
)

// faults collects the fields at fault; a field that has one gets no second.
type faults []fault.Field

func (f *faults) add(field, reason string) {
	if reason == "" || f.has(field) {
		return
	}
	*f = append(*f, fault.Field{Name: field, Reason: reason})
}

func (f *faults) has(field string) bool {
	for _, known := range *f {
		if known.Name == field {
			return true
		}
	}
	return false
}

// checkName is the rule of names, of products and of users.
func (f *faults) checkName(field, name string) {
	switch n := utf8.RuneCountInString(name); {
	case !visible(name):
		f.add(field, "must not be empty")
	case n > MaxNameRunes:
		f.add(field, fmt.Sprintf("must have at most %d characters, has %d", MaxNameRunes, n))
	default:
		f.add(field, textFault(name))
	}
}

func (f *faults) checkDescription(text string) {
	if n := utf8.RuneCountInString(text); n > MaxDescriptionRunes {
		f.add(FieldDescription, fmt.Sprintf("must have at most %d characters, has %d", MaxDescriptionRunes, n))
		return
	}
	f.add(FieldDescription, textFault(text))
}

func (f *faults) checkImages(urls []string) {
	if len(urls) > MaxImages {
		f.add(FieldImages, fmt.Sprintf("must have at most %d entries, has %d", MaxImages, len(urls)))
		return
	}
	for i, u := range urls {
		f.add(fmt.Sprintf("%s[%d]", FieldImages, i), urlFault(u))
	}
}

func (f *faults) checkPrice(p Price) {
	switch {
	case p < 0:
		f.add(FieldPrice, ErrPriceNegative.Error())
	case p > MaxPrice:
		f.add(FieldPrice, ErrPriceRange.Error())
	}
}

func (f *faults) checkID(field string, id int64) {
	if id < 1 || id > MaxID {
		f.add(field, fmt.Sprintf("must be an integer from 1 to %d", MaxID))
	}
}

// textFault says what makes s unfit to be stored as text, "" for nothing.
func textFault(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "must be valid UTF-8"
	case strings.ContainsRune(s, 0):
		return "must not contain a NUL character"
	}
	return ""
}
