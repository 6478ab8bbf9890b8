package find

import (
	"strings"
	"unicode"
)

// SampleSize is how many of a user's products are looked at to tell whether few have what is
// looked for: so many that of one in a hundred more than Few are met once in twenty samples, and of one in
// twenty no more than Few also once in twenty.
const SampleSize = 200

// fewest is the share of a sample, one in so many, up to which Few is.
const fewest = 50

// Few reports whether so few of a sample have what an index finds that to sort them all is
// cheaper than to look for them in an order.
func Few(have, of int) bool { return have*fewest <= of }

// Pieces are the trigrams by which an index finds the name, each once; those of letters and digits
// only where the index has no others. Of a name that has three characters but no such trigram, it is the name.
// None: no index of trigrams has it.
func (n Name) Pieces(wordsOnly bool) (pieces []string) {
	text := []rune(n.Text)
	if n.Prefix || len(text) < shortest || wordsOnly && !strings.ContainsFunc(n.Text, inWord) {
		return nil
	}
	seen := map[string]bool{}
	for i := range len(text) - shortest + 1 {
		piece := string(text[i : i+shortest])
		if seen[piece] || wordsOnly && strings.ContainsFunc(piece, betweenWords) {
			continue
		}
		seen[piece] = true
		pieces = append(pieces, piece)
	}
	if pieces == nil {
		pieces = []string{n.Text}
	}
	return pieces
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func betweenWords(r rune) bool { return !inWord(r) }

// HasAll reports whether a folded name has all the pieces, wherever they are.
func HasAll(folded string, pieces []string) bool {
	for _, piece := range pieces {
		if !strings.Contains(folded, piece) {
			return false
		}
	}
	return true
}
