// Package text has the rules of texts that people give, such as names.
package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NameFault says what makes s unfit to be a name of at most so many characters, ""
// for nothing: at least one of them is drawn.
func NameFault(s string, most int) string {
	if !visible(s) {
		return "must not be empty"
	}
	return Fault(s, most)
}

// Fault says what makes s unfit to be a text of at most so many characters, "" for
// nothing.
func Fault(s string, most int) string {
	if n := utf8.RuneCountInString(s); n > most {
		return fmt.Sprintf("must have at most %d characters, has %d", most, n)
	}
	return StorageFault(s)
}

// StorageFault says what makes s unfit to be stored as text, "" for nothing.
func StorageFault(s string) string {
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
