package httpapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

func FuzzDecodeCursor(f *testing.F) {
	f.Add(encodeCursor(1))
	f.Add(encodeCursor(catalog.MaxID))
	f.Add("AQAAAAAAAAAA")
	f.Add("AQAAAAAA\r\nBl")
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := decodeCursor(s)
		if !ok {
			return
		}
		if id < 1 || id > catalog.MaxID || encodeCursor(id) != s {
			t.Errorf("decodeCursor(%q) = %d", s, id)
		}
	})
}

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	for _, id := range []int64{1, 2, 101, 1 << 32, catalog.MaxID} {
		if got, ok := decodeCursor(encodeCursor(id)); !ok || got != id {
			t.Errorf("%d became %d, %v", id, got, ok)
		}
	}
	for _, id := range []int64{0, catalog.MaxID + 1} {
		if got, ok := decodeCursor(encodeCursor(id)); ok {
			t.Errorf("%d was accepted as %d", id, got)
		}
	}
}

func TestParseTags(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		lines []string
		list  []string
		any   bool
		ok    bool
	}{
		{nil, nil, false, true},
		{[]string{"*"}, nil, true, true},
		{[]string{" * "}, nil, true, true},
		{[]string{`"1"`}, []string{`"1"`}, false, true},
		{[]string{`"1"`, `W/"2" ,"a,b"`}, []string{`"1"`, `W/"2"`, `"a,b"`}, false, true},
		{[]string{`""`}, []string{`""`}, false, true},
		{[]string{""}, nil, false, false},
		{[]string{`,`}, nil, false, false},
		{[]string{`"1`}, nil, false, false},
		{[]string{`"`}, nil, false, false},
		{[]string{`W/`}, nil, false, false},
		{[]string{`W/1`}, nil, false, false},
		{[]string{`"1"x`}, nil, false, false},
		{[]string{`"1""2"`}, nil, false, false},
		{[]string{`"a b"`}, nil, false, false},
		{[]string{`"1", *`}, nil, false, false},
	} {
		h := http.Header{}
		if tc.lines != nil {
			h["If-Match"] = tc.lines
		}
		got, given, ok := parseTags(h, "If-Match")
		if given != (tc.lines != nil) || ok != tc.ok || got.any != tc.any || !slices.Equal(got.list, tc.list) {
			t.Errorf("parseTags(%q) = %+v, %v, %v", tc.lines, got, given, ok)
		}
	}
}

func FuzzParseTags(f *testing.F) {
	for _, s := range []string{`*`, `"1"`, `W/"1", "2"`, `,,"x"`, `"`, `W/`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, _, ok := parseTags(http.Header{"If-Match": {s}}, "If-Match")
		if !ok || got.any {
			return
		}
		again, _, ok := parseTags(http.Header{"If-Match": {strings.Join(got.list, ", ")}}, "If-Match")
		if !ok || !slices.Equal(got.list, again.list) {
			t.Errorf("%q = %q, read again %q", s, got.list, again.list)
		}
		for _, v := range got.versions() {
			number := strconv.FormatInt(v, 10)
			if !slices.ContainsFunc(got.list, func(tag string) bool {
				return tag == `"`+number+`"` || strings.HasPrefix(tag, `"`+number+`.`)
			}) {
				t.Errorf("%q stands for version %d", s, v)
			}
		}
	})
}

// FuzzDecodeDraft: whatever arrives, the answer is a refusal of bad JSON or a
// draft, and a draft without faults says what encoding/json reads as well.
func FuzzDecodeDraft(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `null`, `{"user_id":1,"product_name":"x","product_price":1.5}`,
		`{"user_id":1,"product_name":"\ud83d\ude00\ud800","product_images":["a",1],"product_price":"1e2"}`,
		`{"a":1,"a":2}`, "{\"a\":\"\xff\"}", `{"user_id":`, `{"user_id":1}x`, `{"product_name":"\\ud800"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		draft, err := decodeDraft(body)
		if _, patchErr := decodePatch(body); (patchErr == nil) != (err == nil) {
			t.Fatalf("as a draft: %v; as a patch: %v", err, patchErr)
		}
		if err != nil || len(draft.FieldErrors) > 0 {
			if len(draft.FieldErrors) > fault.MaxFieldErrors {
				t.Errorf("%d faults", len(draft.FieldErrors))
			}
			return
		}
		var plain struct {
			UserID      json.Number `json:"user_id"`
			Name        string      `json:"product_name"`
			Description string      `json:"product_description"`
			Images      []string    `json:"product_images"`
		}
		if err := json.Unmarshal(body, &plain); err != nil {
			t.Fatalf("accepted what is no product: %v", err)
		}
		if plain.Name != draft.Name || plain.Description != draft.Description || !utf8.ValidString(draft.Name) {
			t.Errorf("draft = %+v, plain = %+v", draft, plain)
		}
		if len(plain.Images) <= catalog.MaxImages && !slices.Equal(plain.Images, draft.Images) {
			t.Errorf("images = %q, plain %q", draft.Images, plain.Images)
		}
	})
}
