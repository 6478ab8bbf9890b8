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
