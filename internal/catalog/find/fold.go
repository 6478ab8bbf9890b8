package find

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// maxFoldedBytes is where folded text is cut, so that an index can hold it: a B-tree
// of PostgreSQL takes 2,704 bytes. Names of 200 characters reach it only
// where characters stand for whole words, such as U+FDFA.
const maxFoldedBytes = 2000

// Fold maps text to the form in which names are compared, without regard to case,
// accents and variants: it is decomposed (NFKD), loses its nonspacing marks (Mn), is
// case folded and composed again (NFKC), all as Unicode has it. So "cafe" finds
// "Café", "STRASSE" "Straße", and "istanbul" "İstanbul". Letters that Unicode does not
// decompose stay what they are: ø, ł, đ, ı. Where marks are vowels or
// voice, as in Hindi, Thai or Japanese, words that differ by them alone are found together. To fold
// twice changes nothing more.
func Fold(s string) string {
	if len(s) <= maxFoldedBytes && ascii(s) {
		return strings.ToLower(s)
	}
	folded := fold(fold(s)) // what is composed again may have another case folding
	if len(folded) <= maxFoldedBytes {
		return folded
	}
	end := maxFoldedBytes
	for !utf8.RuneStart(folded[end]) {
		end--
	}
	return folded[:end]
}

func fold(s string) string {
	bare, _, err := transform.String(transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn))), s)
	if err != nil { // these transformers have none
		bare = s
	}
	return norm.NFKC.String(strings.Map(foldCherokee, cases.Fold().String(bare)))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
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

// shortest is how many characters a Name has that is looked for anywhere in names: what is
// shorter is in too many, and no index of trigrams has it.
const shortest = 3

// Name is text that a name shall have, folded.
type Name struct {
	Text   string
	Prefix bool // it is where the name begins; else anywhere
}

// Part returns the Name that is anywhere.
func Part(s string) Name { return Name{Text: Fold(s)} }

// Query returns the Name that is anywhere, or, of fewer than three characters, where the
// name begins.
func Query(s string) Name {
	folded := Fold(s)
	return Name{Text: folded, Prefix: utf8.RuneCountInString(folded) < shortest}
}

// Indexable reports whether an index of trigrams has what is looked for.
func (n Name) Indexable() bool { return utf8.RuneCountInString(n.Text) >= shortest }

// In reports whether a folded name has it.
func (n Name) In(folded string) bool {
	if n.Prefix {
		return strings.HasPrefix(folded, n.Text)
	}
	return strings.Contains(folded, n.Text)
}

// End is the first text that comes after all that begin with the Name, by code
// points; "" where there is none.
func (n Name) End() string {
	text := []rune(n.Text)
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == utf8.MaxRune {
			continue
		}
		text[i]++
		if text[i] == 0xD800 { // no character until 0xE000
			text[i] = 0xE000
		}
		return string(text[:i+1])
	}
	return ""
}
