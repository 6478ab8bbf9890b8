package media_test

import (
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/media"
)

// TestRefresh: of an image that is fetched again nothing is rendered, nor written of its
// product, while its host says that the source is what it was. A new image has no version
// to ask with.
func TestRefresh(t *testing.T) {
	t.Parallel()
	old, fresh := media.Version{ETag: `"1"`}, media.Version{ETag: `"2"`, Modified: "Fri, 27 Nov 2026 10:00:00 GMT"}
	for name, tc := range map[string]struct {
		shown     string
		host      media.Version
		unchanged bool
	}{
		"the same version": {"aa", old, true},
		"another version":  {"aa", fresh, false},
		"no version":       {"aa", media.Version{}, false},
		"a new image":      {"", old, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, &fakeWork{version: tc.host}, "http://a/1.jpg")
			b.store.images[1].shown, b.store.images[1].source = tc.shown, old
			if err := b.worker.Handle(t.Context(), jobFor(1)); err != nil {
				t.Fatal(err)
			}
			img := b.store.image(1)
			if img.status != catalog.Ready || img.unchanged != tc.unchanged || (b.renders == 0) != tc.unchanged || (len(b.seen) == 0) != tc.unchanged {
				t.Errorf("the image is %+v after %d renderings and %d announcements", img, b.renders, len(b.seen))
			}
			if !tc.unchanged && img.source != tc.host {
				t.Errorf("kept is the version %+v, want %+v", img.source, tc.host)
			}
		})
	}
}
