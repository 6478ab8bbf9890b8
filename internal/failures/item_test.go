package failures_test

import (
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
)

// FuzzParseID: an id has one form.
func FuzzParseID(f *testing.F) {
	for _, s := range []string{"image-42", "message-7", "image-007", "image-+1", "image-9007199254740992", "image", "-1", "poster-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := failures.ParseID(s)
		if ok && (id.String() != s || id.N < 1 || id.N > catalog.MaxID) {
			t.Errorf("%q is read as %+v", s, id)
		}
	})
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]failures.ID{
		"image-42":                 {Kind: failures.KindImage, N: 42},
		"message-9007199254740991": {Kind: failures.KindMessage, N: catalog.MaxID},
		"message-9007199254740992": {}, "image-0": {}, "image-+1": {}, "image-01": {}, "image--1": {}, "image": {}, "": {}, "product-1": {},
	} {
		id, ok := failures.ParseID(text)
		if ok != (want != failures.ID{}) || ok && (id != want || id.String() != text) {
			t.Errorf("%q is read as %+v, %t", text, id, ok)
		}
	}
}
