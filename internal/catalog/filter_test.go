package catalog

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"vitrine.dev/internal/fault"
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
	} {
		for _, s := range equal[1:] {
			if Fold(s) != Fold(equal[0]) {
				t.Errorf("Fold(%q) = %q, Fold(%q) = %q; want them equal", s, Fold(s), equal[0], Fold(equal[0]))
			}
		}
	}
	for _, pair := range [][2]string{{"100%", "100"}, {"a_b", "axb"}, {"e", "é"}} {
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

func TestFilterRules(t *testing.T) {
	t.Parallel()
	low, high := Price(1), Price(2)
	for name, tc := range map[string]struct {
		filter Filter
		want   []fault.Field
	}{
		"none":        {Filter{}, fields(FieldUserID, "is required")},
		"only user":   {Filter{UserID: 1}, nil},
		"all":         {Filter{UserID: 1, PriceMin: &low, PriceMax: &high, Name: "x", Before: 5, Limit: MaxListLimit}, nil},
		"equal":       {Filter{UserID: 1, PriceMin: &low, PriceMax: &low}, nil},
		"user":        {Filter{UserID: -1}, fields(FieldUserID, "must be an integer from 1 to 9007199254740991")},
		"limit":       {Filter{UserID: 1, Limit: MaxListLimit + 1}, fields("limit", "must be from 1 to 1000")},
		"negative":    {Filter{UserID: 1, Limit: -1}, fields("limit", "must be from 1 to 1000")},
		"long name":   {Filter{UserID: 1, Name: strings.Repeat("x", 201)}, fields(FieldName, "must have at most 200 characters")},
		"NUL":         {Filter{UserID: 1, Name: "\x00"}, fields(FieldName, "must not contain a NUL character")},
		"broken":      {Filter{UserID: 1, Name: "\xff"}, fields(FieldName, "must be valid UTF-8")},
		"upside down": {Filter{UserID: 1, PriceMin: &high, PriceMax: &low}, fields("price_min", "must not be greater than price_max")},
		"form":        {Filter{UserID: 1, FieldErrors: fields("cursor", "is odd"), Limit: -1}, fields("cursor", "is odd", "limit", "must be from 1 to 1000")},
	} {
		var f *fault.Error
		err := tc.filter.check()
		if tc.want == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !asFault(err, &f) || f.Kind != fault.Invalid || !slices.Equal(f.Fields, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	zero, one := Price(0), Price(1)
	different := []Filter{
		{}, {UserID: 1}, {PriceMin: &zero}, {PriceMax: &zero}, {PriceMin: &one}, {Name: "a"}, {Name: "a|"}, {Before: 1}, {Limit: 1},
	}
	seen := map[string]int{}
	for i, f := range different {
		if j, twice := seen[f.fingerprint("")]; twice {
			t.Errorf("%+v and %+v share a page", f, different[j])
		}
		seen[f.fingerprint("")] = i
	}
	if (Filter{Name: "STRASSE"}).fingerprint("") != (Filter{Name: "straße"}).fingerprint("") {
		t.Error("equal names do not share a page")
	}
	if (Filter{UserID: 1}).fingerprint("a") == (Filter{UserID: 1}).fingerprint("b") {
		t.Error("two forms share a page")
	}
}
