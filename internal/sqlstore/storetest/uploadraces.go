package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// testUploadRaces: clients upload the same picture, have more images of it and remove them, while
// collectors delete whatever is unused at any moment, without grace. At no moment is
// there an image whose file is gone.
func testUploadRaces(t *testing.T, s Store) {
	t.Helper()
	storage := &disk{files: map[string]bool{}}
	file := sourceKey("a")
	var done atomic.Bool
	var collecting, working sync.WaitGroup
	for range 2 {
		collecting.Go(func() {
			for !done.Load() {
				markSources(t, s)
				w, err := s.BeginDelete(t.Context(), file, 0, window)
				if fault.KindOf(err) == fault.Conflict {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				storage.set(file, false)
				if err := s.CloseWindow(t.Context(), w); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var shown atomic.Int64
	for range 4 {
		working.Go(func() {
			for range 15 {
				var p catalog.Product
				for p.ID = create(t, s).ID; ; {
					u := stored(t, s, "a")
					storage.set(file, true)
					var err error
					if p, err = addUpload(t, s, p.ID, u); err == nil {
						break
					} else if fault.KindOf(err) != fault.Unavailable {
						t.Error(err)
						return
					}
					p.ID = create(t, s).ID
				}
				again, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: "Lamp", Images: []string{uploadURL("a")}})
				if err != nil {
					t.Error(err)
					return
				}
				for _, id := range []int64{p.ID, again.ID} {
					if !storage.has(file) {
						t.Error("there is an image whose file is gone")
					}
					shown.Add(1)
					if _, err := s.DeleteProduct(t.Context(), id, Unchecked); err != nil {
						t.Error(err)
					}
				}
				last, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: "Lamp", Images: []string{uploadURL("a")}})
				if _, unknown := errors.AsType[*catalog.UnknownUploadError](err); unknown { // else another client has one
					continue
				}
				if err != nil || !storage.has(file) {
					t.Errorf("there is an image whose file is gone, or not: %v", err)
				}
				if _, err := s.DeleteProduct(t.Context(), last.ID, Unchecked); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
	done.Store(true)
	collecting.Wait()
	if shown.Load() == 0 {
		t.Error("no image was looked at")
	}
}
