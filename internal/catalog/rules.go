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

// Limits on what one product may hold.
const (
	MaxNameRunes        = 200
	MaxDescriptionRunes = 10_000
	MaxImages           = 50
	MaxURLBytes         = 2048

	DefaultListLimit = 100
	MaxListLimit     = 1000
	// MaxPageBytes bounds the names and descriptions on one page of a list: a
	// page ends before the product that would exceed it, and has one at least.
	MaxPageBytes   = 1 << 20
	maxSearchRunes = 200
)

// checker judges fields by the rules and collects their errors.
type checker struct{ fault.FieldErrors }

// checkName is the rule of names, of products and of users.
func (c *checker) checkName(field, name string) {
	switch n := utf8.RuneCountInString(name); {
	case !visible(name):
		c.Add(field, "must not be empty")
	case n > MaxNameRunes:
		c.Add(field, fmt.Sprintf("must have at most %d characters, has %d", MaxNameRunes, n))
	default:
		c.Add(field, textFault(name))
	}
}

func (c *checker) checkDescription(text string) {
	if n := utf8.RuneCountInString(text); n > MaxDescriptionRunes {
		c.Add(FieldDescription, fmt.Sprintf("must have at most %d characters, has %d", MaxDescriptionRunes, n))
		return
	}
	c.Add(FieldDescription, textFault(text))
}

func (c *checker) checkImages(urls []string) {
	if len(urls) > MaxImages {
		c.Add(FieldImages, fmt.Sprintf("must have at most %d entries, has %d", MaxImages, len(urls)))
		return
	}
	for i, u := range urls {
		c.Add(fmt.Sprintf("%s[%d]", FieldImages, i), urlFault(u))
	}
}

func (c *checker) checkPrice(p Price) {
	switch {
	case p < 0:
		c.Add(FieldPrice, ErrPriceNegative.Error())
	case p > MaxPrice:
		c.Add(FieldPrice, ErrPriceRange.Error())
	}
}

func (c *checker) checkID(field string, id int64) {
	if id < 1 || id > MaxID {
		c.Add(field, fmt.Sprintf("must be an integer from 1 to %d", MaxID))
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
