package catalog

import "unicode"

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
