package find

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, equal := range [][]string{
		{"STRASSE", "Straße", "strasse"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", "Σίσυφοσ"},
		{"café", "cafe\u0301", "CAFÉ"},
		{"ﬁne", "FINE"},
		{"１２", "12"},
		{"Ꭰ", "ꭰ"},
		{"K", "k"}, // the Kelvin sign
		{"e", "é"},
		{"İstanbul", "istanbul", "ISTANBUL"},
		{"Ελλάδα", "ελλαδα"},
		{"Ёлка", "елка"},
		{"Việt", "viet"},
		{"한국어", "\u1112\u1161\u11ab국어"},
		{"ガラス", "カラス"}, // the mark of the voiced sound is one as well
	} {
		for _, s := range equal[1:] {
			if Fold(s) != Fold(equal[0]) {
				t.Errorf("Fold(%q) = %q, Fold(%q) = %q; want them equal", s, Fold(s), equal[0], Fold(equal[0]))
			}
		}
	}
	for _, pair := range [][2]string{{"100%", "100"}, {"a_b", "axb"}, {"o", "ø"}, {"i", "ı"}} {
		if Fold(pair[0]) == Fold(pair[1]) {
			t.Errorf("Fold takes %q for %q", pair[0], pair[1])
		}
	}
}

// TestFoldIsStable: stored and wanted names are folded at different times.
func TestFoldIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if once := Fold(s); Fold(once) != once {
			t.Fatalf("Fold(%q) = %q, folded again %q", s, once, Fold(once))
		}
	})
}

// TestFoldIsBounded: the text is cut between two characters, and as cut is stable.
func TestFoldIsBounded(t *testing.T) {
	t.Parallel()
	for lead := range 4 {
		folded := Fold(strings.Repeat("x", lead) + strings.Repeat("\ufdfa", 200))
		if len(folded) > maxFoldedBytes || len(folded) < maxFoldedBytes-utf8.UTFMax || !utf8.ValidString(folded) || Fold(folded) != folded {
			t.Errorf("%d: %d bytes, valid %t", lead, len(folded), utf8.ValidString(folded))
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name Name
		has  []string
		not  []string
	}{
		{Part("É"), []string{"cafe", "e"}, []string{"tor", ""}},
		{Query("CÁ"), []string{"cafe", "ca"}, []string{"acacia", "c"}},
		{Query("Caf"), []string{"a cafe"}, []string{"ca f"}},
		{Query("ß"), []string{"ssh"}, []string{"s", "assess"}},
	} {
		for _, s := range tc.has {
			if !tc.name.In(s) {
				t.Errorf("%+v is not in %q", tc.name, s)
			}
		}
		for _, s := range tc.not {
			if tc.name.In(s) {
				t.Errorf("%+v is in %q", tc.name, s)
			}
		}
	}
	if Part("ab").Indexable() || !Part("äöü").Indexable() || Query("ab").Indexable() {
		t.Error("three characters are indexable, less are not")
	}
}

// TestEnd: what begins with a text is exactly what is from it on and before its end.
func TestEnd(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a": "b", "az": "a{", "é": "ê", "\ud7ff": "\ue000", "a\U0010ffff": "b", "\U0010ffff": "", "": "", "\x7f": "\u0080",
	} {
		if got := (Name{Text: text}).End(); got != want {
			t.Errorf("the end of %q is %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := Name{Text: rapid.StringN(1, 3, -1).Draw(t, "prefix"), Prefix: true}
		s := rapid.OneOf(rapid.String(), rapid.Map(rapid.String(), func(s string) string { return n.Text + s })).Draw(t, "s")
		within := s >= n.Text && (n.End() == "" || s < n.End())
		if within != n.In(s) {
			t.Errorf("%q within %q and %q: %t", s, n.Text, n.End(), within)
		}
	})
}

func TestPositions(t *testing.T) {
	t.Parallel()
	const most = 1000
	for _, p := range []Position{{ID: 1}, {ID: most, Number: 1 << 60}, {ID: 7, Text: "große\x00"}} {
		if got, ok := DecodePosition(p.Encode(), most); !ok || got != p {
			t.Errorf("%+v became %+v, %t", p, got, ok)
		}
	}
	long := Position{ID: 1, Text: strings.Repeat("x", maxFoldedBytes+1)}.Encode()
	for _, b := range [][]byte{nil, Position{ID: 1}.Encode()[:15], Position{}.Encode(), Position{ID: most + 1}.Encode(), Position{ID: 1, Number: -1}.Encode(), long} {
		if p, ok := DecodePosition(b, most); ok {
			t.Errorf("%x was accepted as %+v", b, p)
		}
	}
	if len(Sorts()) != 6 || !slices.Contains(Sorts(), Sort("").Or()) {
		t.Error("the default is one of the orders")
	}
}
