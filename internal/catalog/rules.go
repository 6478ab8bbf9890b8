package catalog

import (
	"fmt"
	"strings"
	"unicode"
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

// visible reports whether the text has a character that is drawn: a text that
// must not be empty has one. Blanks, controls and formats (zero width, direction),
// what Unicode has renderers ignore (fillers, selectors, tags), and marks without
// anything to stand on are none (Unicode 15, chapters 4.5 and 5.21; Other_
// Default_Ignorable_Code_Point in PropList.txt). A character that this program's
// tables do not know yet may be a new one, and counts.
func visible(s string) bool {
	for _, r := range s {
		if !undrawn(r) && !drawsNothing(r) || unicode.Is(unicode.Prepended_Concatenation_Mark, r) {
			return true
		}
	}
	return false
}

// undrawn goes by the properties of characters.
func undrawn(r rune) bool {
	return unicode.In(r, unicode.White_Space, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Zs, unicode.M,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point)
}

// drawsNothing knows the letters and symbols whose picture is blank, which no
// property describes.
func drawsNothing(r rune) bool {
	switch r {
	case 0x2800, // BRAILLE PATTERN BLANK
		0x13441, 0x13442, // EGYPTIAN HIEROGLYPH FULL BLANK, HALF BLANK
		0x1D159: // MUSICAL SYMBOL NULL NOTEHEAD
		return true
	}
	return false
}
