package storetest

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// testEditorAmidProgress: while all images of a product become ready at the same
// time, an editor who protects every edit by the version that was read is never
// refused; who read before another's edit is. No count is lost among them.
func testEditorAmidProgress(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, urls(catalog.MaxImages)...)
	claims := beginAll(t, s)
	before := read(t, s, p.ID)
	service := catalog.NewService(s, &announced{}, catalog.DefaultKeyTTL)
	edit := func(text string, version int64) error {
		return whileUnavailable(func() error {
			_, err := service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Description: &text}, []int64{version})
			return err
		})
	}
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		completeAll(t, s, claims)
	}()
	edits := int64(0)
	for open := true; open; edits++ {
		if err := edit(strconv.FormatInt(edits, 10), read(t, s, p.ID).Version); err != nil {
			t.Errorf("edit %d was refused: %v", edits, err)
		}
		select {
		case <-ready: // no edit comes after: it would count again
			open = false
		default:
		}
	}
	got := read(t, s, p.ID)
	if want := before.Version + edits; got.Version != want {
		t.Errorf("version %d after %d edits, want %d", got.Version, edits, want)
	}
	if want := before.Revision + edits + catalog.MaxImages; got.Revision != want {
		t.Errorf("revision %d after %d edits of %d images, want %d", got.Revision, edits, catalog.MaxImages, want)
	}
	wantKind(t, edit("too late", before.Version), fault.Stale)
	list, _, err := s.ListProducts(t.Context(), catalog.Filter{Limit: 1})
	if want := (catalog.Counts{Ready: catalog.MaxImages}); err != nil || len(list) != 1 || list[0].Images != want || list[0].Cover == nil {
		t.Errorf("listed as %+v, %v, want %+v and a cover", list, err, want)
	}
}

// testProgressIsNoEdit: what becomes of images moves neither the version nor the
// time of the last edit.
func testProgressIsNoEdit(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, urls(1)...)
	tick(t)
	completeAll(t, s, beginAll(t, s))
	got := read(t, s, p.ID)
	if got.Version != p.Version || !got.UpdatedAt.Equal(p.UpdatedAt) || got.Revision <= p.Revision {
		t.Errorf("created at %+v, ready at %+v", p, got)
	}
	tick(t)
	edited, err := s.ReviseProduct(t.Context(), p.ID, func(p catalog.Product) (catalog.Revision, error) {
		r := revision(p)
		r.Name, r.Fields = "Edited", []string{catalog.FieldName}
		return r, nil
	})
	if err != nil || edited.Version != got.Version+1 || edited.Revision != got.Revision+1 || !edited.UpdatedAt.After(got.UpdatedAt) {
		t.Errorf("edited to %+v, %v", edited, err)
	}
}

// beginAll begins all images that wait.
func beginAll(t *testing.T, s Store) []media.Claim {
	t.Helper()
	var claims []media.Claim
	for _, j := range jobs(t, s) {
		c := begin(t, s, j)
		claims = append(claims, c)
	}
	return claims
}

// completeAll completes the images, many at the same time.
func completeAll(t *testing.T, s Store, claims []media.Claim) {
	t.Helper()
	var group sync.WaitGroup
	waiting := make(chan media.Claim)
	for range 8 {
		group.Go(func() {
			for c := range waiting {
				err := whileUnavailable(func() error {
					_, err := s.Complete(t.Context(), c, rendition(fmt.Sprintf("aa%02d", c.ImageID%7)), noReport)
					return err
				})
				if err != nil {
					t.Errorf("complete image %d: %v", c.ImageID, err)
				}
			}
		})
	}
	for _, c := range claims {
		waiting <- c
	}
	close(waiting)
	group.Wait()
}
