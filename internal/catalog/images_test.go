package catalog

import (
	"context"
	"testing"

	"vitrine.dev/internal/auth"
)

// However a URL is written around its blanks and dots, it is one URL: to
// idempotency keys, and to a patch.
func TestEqualURLsAreOne(t *testing.T) {
	t.Parallel()
	written, clean := " http://h/x/../a.jpg\n", "http://h/a.jpg"
	d, e := goodDraft(), goodDraft()
	d.Images, e.Images = []string{written}, []string{clean}
	if d.fingerprint() != e.fingerprint() {
		t.Error("one product has two fingerprints")
	}
	n, err := (&Service{}).checked(context.Background(), auth.Everyone(), &d)
	if err != nil || len(n.Images) != 1 || n.Images[0] != clean || d.Images[0] != written {
		t.Errorf("of %v is stored %v, %v", d.Images, n.Images, err)
	}
	old := Product{Images: []Image{{ID: 5, SourceURL: "http://h/b"}, {ID: 6, SourceURL: clean}}}
	for _, wanted := range []string{written, clean} {
		r := Patch{Images: &[]string{wanted, "http://h/./new"}}.apply(old)
		if len(r.Images) != 2 || r.Images[0].ID != 6 || r.Images[1] != (PlannedImage{SourceURL: "http://h/new"}) {
			t.Errorf("patched by %q: %+v", wanted, r.Images)
		}
	}
	name := "Other"
	if r := (Patch{Name: &name}).apply(old); r.Images[0].ID != 5 || r.Images[1].ID != 6 {
		t.Errorf("a new name changes the images: %+v", r.Images)
	}
}
