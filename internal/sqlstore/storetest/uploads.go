package storetest

import (
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/upload"
)

// stored is an upload of the content whose file is stored by now.
func stored(t *testing.T, s Store, content string) catalog.Source {
	t.Helper()
	begun, err := s.BeginUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return catalog.Source{Sum: sha256.Sum256([]byte(content)), Bytes: int64(len(content)), BegunAt: begun}
}

func uploadURL(content string) string { return imageurl.Upload(sha256.Sum256([]byte(content))) }

func sourceKey(content string) string { return blob.SourceKey(sha256.Sum256([]byte(content))) }

// addUpload adds an image of the upload to the product.
func addUpload(t *testing.T, s Store, product int64, u catalog.Source) (catalog.Product, error) {
	t.Helper()
	return s.ReviseProduct(t.Context(), product, func(old catalog.Product) (catalog.Revision, error) {
		r := revision(old)
		r.Images = append(r.Images, catalog.PlannedImage{SourceURL: imageurl.Upload(u.Sum), Stored: &u})
		return r, nil
	})
}

// sourcesIn returns what the store says of the partition of the content's source.
func sourcesIn(t *testing.T, s Store, content string) []gc.Rendition {
	t.Helper()
	key := sourceKey(content)
	list, err := s.Renditions(t.Context(), key[:len(blob.Sources)+2], blob.Sources+"g", 100)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(r gc.Rendition) bool { return r.Key != key })
}

// testUploads: who has an image of an upload may have others of it, and no one else.
func testUploads(t *testing.T, s Store) {
	t.Helper()
	mine, err := addUpload(t, s, create(t, s).ID, stored(t, s, "a"))
	if err != nil || len(mine.Images) != 1 || mine.Images[0].SourceURL != uploadURL("a") || mine.Images[0].Status != catalog.Pending {
		t.Fatalf("%+v, %v", mine, err)
	}
	if got := sourcesIn(t, s, "a"); len(got) != 1 || !got[0].Live || !got[0].Used || got[0].Outputs[0] != (catalog.Output{Key: sourceKey("a"), Bytes: 1}) {
		t.Errorf("the store says %+v of it", got)
	}
	other, err := auth.NewAccounts(s).AddUser(t.Context(), auth.Everyone(), auth.UserDraft{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	tries := map[string]func(user int64, url string) error{
		"create": func(user int64, url string) error {
			_, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: "Lamp", Images: []string{"http://a/1.jpg", url}})
			return err
		},
		"create once": func(user int64, url string) error {
			once := key("k")
			once.TTL = time.Millisecond // the next one creates again
			_, earlier, err := s.CreateProductOnce(t.Context(), catalog.NewProduct{UserID: user, Name: "Lamp", Images: []string{url, url}}, once)
			if earlier != nil {
				t.Error("the key was not free")
			}
			tick(t)
			return err
		},
		"revise": func(user int64, url string) error {
			p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: "Lamp"})
			if err != nil {
				return err
			}
			_, err = s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
				r := revision(old)
				r.Images = append(r.Images, catalog.PlannedImage{SourceURL: url})
				return r, nil
			})
			return err
		},
	}
	for name, try := range tries {
		if err := try(user, uploadURL("a")); err != nil {
			t.Errorf("%s, of the user's own: %v", name, err)
		}
		for _, foreign := range []struct {
			who  string
			user int64
			url  string
		}{{"of another", other.ID, uploadURL("a")}, {"of no one", user, uploadURL("b")}, {"of no one, by another", other.ID, uploadURL("b")}} {
			err := try(foreign.user, foreign.url)
			if unknown, ok := errors.AsType[*catalog.UnknownUploadError](err); !ok || unknown.URL != foreign.url {
				t.Errorf("%s, %s: %v", name, foreign.who, err)
			}
		}
	}
	list, err := s.ListProducts(t.Context(), catalog.Filter{UserID: user, Limit: 100})
	if err != nil || len(list) != 5 { // the first, one of each, and the one whose revision was refused
		t.Errorf("there are %d products, %v", len(list), err)
	}
}

// testCollectUploads: a source is collected when no image is of it any more, and can be stored again.
func testCollectUploads(t *testing.T, s Store) {
	t.Helper()
	p, err := addUpload(t, s, create(t, s).ID, stored(t, s, "a"))
	if err != nil {
		t.Fatal(err)
	}
	markSources(t, s)
	_, err = s.BeginDelete(t.Context(), sourceKey("a"), 0, window)
	wantKind(t, err, fault.Conflict) // an image is of it
	if _, err := s.DeleteProduct(t.Context(), p.ID, Unchecked); err != nil {
		t.Fatal(err)
	}
	_, err = s.BeginDelete(t.Context(), sourceKey("a"), 0, window)
	wantKind(t, err, fault.Conflict) // not marked
	markSources(t, s)
	if got, err := s.Unused(t.Context(), blob.Sources, time.Hour, 10); err != nil || len(got) != 0 {
		t.Errorf("within its grace: %+v, %v", got, err)
	}
	got, err := s.Unused(t.Context(), blob.Sources, 0, 10)
	if err != nil || len(got) != 1 || got[0].Key != sourceKey("a") || got[0].Used || !got[0].Live {
		t.Errorf("unused are %+v, %v", got, err)
	}
	if got, err := s.Unused(t.Context(), "", 0, 10); err != nil || len(got) != 0 {
		t.Errorf("unused renditions are %+v, %v", got, err)
	}
	closeWindow(t, s, beginDelete(t, s, sourceKey("a")))
	if got := sourcesIn(t, s, "a"); len(got) != 1 || got[0].Live {
		t.Errorf("the store says %+v of what was deleted", got)
	}
	closeWindow(t, s, beginDelete(t, s, sourceKey("never"))) // a file of which there never was a row
	if _, err := addUpload(t, s, create(t, s).ID, stored(t, s, "a")); err != nil {
		t.Errorf("stored after the deletion: %v", err)
	}
	if n, err := s.PurgeTombstones(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("the record of a fresh deletion was purged: %d, %v", n, err)
	}
	if got := sourcesIn(t, s, "a"); len(got) != 1 || !got[0].Live || !got[0].Used || got[0].Outputs[0].Bytes != 1 {
		t.Errorf("the store says %+v of what was stored again", got)
	}
}

func markSources(t *testing.T, s Store) {
	t.Helper()
	if err := s.MarkUnused(t.Context(), blob.Sources, blob.Sources+"g"); err != nil {
		t.Fatal(err)
	}
}

// testUploadCollected has every order of the steps of an upload and a collection.
func testUploadCollected(t *testing.T, s Store) {
	t.Helper()
	product := create(t, s).ID
	refused := func(what string, u catalog.Source) {
		t.Helper()
		if _, err := addUpload(t, s, product, u); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
		if n := len(read(t, s, product).Images); n != 0 {
			t.Fatalf("%s: refused, and there are %d images", what, n)
		}
	}
	before := stored(t, s, "a")
	closeWindow(t, s, beginDelete(t, s, sourceKey("a")))
	refused("stored, then collected as a stray", before)
	w := beginDelete(t, s, sourceKey("a"))
	during := stored(t, s, "a") // may have stored before the last deletion
	closeWindow(t, s, w)
	refused("begun while it was collected", during)
	beginDelete(t, s, sourceKey("b")) // and dies: the window stays open
	refused("begun in an open window", stored(t, s, "b"))
	if _, err := addUpload(t, s, product, stored(t, s, "a")); err != nil {
		t.Errorf("begun after the collection: %v", err)
	}
}

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

// testTwoSteps: an upload keeps its picture for its user until it expires, and no longer.
func testTwoSteps(t *testing.T, s Store) {
	t.Helper()
	u := upload.Upload{ID: "x7", UserID: user, Sum: sha256.Sum256([]byte("a")), Bytes: 1}
	added, err := s.AddUpload(t.Context(), u, time.Hour, 2)
	if err != nil || added.ExpiresAt.Sub(added.CreatedAt) != time.Hour || time.Since(added.CreatedAt).Abs() > time.Minute {
		t.Fatalf("%+v, %v", added, err)
	}
	if got, err := s.Upload(t.Context(), "x7"); got != added || err != nil {
		t.Errorf("added %+v, read %+v, %v", added, got, err)
	}
	wantKind(t, s.CompleteUpload(t.Context(), "none", stored(t, s, "a")), fault.NotFound)
	wantKind(t, s.CompleteUpload(t.Context(), "x7", stored(t, s, "b")), fault.NotFound) // it is of another picture
	if got := append(sourcesIn(t, s, "a"), sourcesIn(t, s, "b")...); len(got) != 0 {
		t.Errorf("sources of no upload: %+v", got)
	}
	for range 2 {
		if err := s.CompleteUpload(t.Context(), "x7", stored(t, s, "a")); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.Upload(t.Context(), "x7"); !got.Stored || err != nil {
		t.Errorf("completed: %+v, %v", got, err)
	}
	if got := sourcesIn(t, s, "a"); len(got) != 1 || !got[0].Used || !got[0].Live {
		t.Errorf("its source: %+v", got)
	}
	lamp := func(user int64) error {
		_, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: "Lamp", Images: []string{uploadURL("a")}})
		return err
	}
	other, err := auth.NewAccounts(s).AddUser(t.Context(), auth.Everyone(), auth.UserDraft{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	if _, unknown := errors.AsType[*catalog.UnknownUploadError](lamp(other.ID)); !unknown {
		t.Error("another user has an image of it")
	}

	// The bound is of what has not expired.
	if _, err := s.AddUpload(t.Context(), upload.Upload{ID: "x8", UserID: user, Bytes: 1}, time.Millisecond, 2); err != nil {
		t.Fatal(err)
	}
	tick(t)
	wantKind(t, second(s.Upload(t.Context(), "x8")), fault.NotFound)
	for id, user := range map[string]int64{"x9": other.ID, "x10": other.ID, "x11": user} {
		if _, err := s.AddUpload(t.Context(), upload.Upload{ID: id, UserID: user, Bytes: 1}, time.Hour, 2); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AddUpload(t.Context(), upload.Upload{ID: "x12", UserID: user, Bytes: 1}, time.Hour, 2); !errors.Is(err, upload.ErrMany) {
		t.Errorf("one more than there may be: %v", err)
	}
	if _, err := s.AddUpload(t.Context(), upload.Upload{ID: "x13", UserID: 4711, Bytes: 1}, time.Hour, 2); !errors.Is(err, catalog.ErrUnknownUser) {
		t.Errorf("of no user: %v", err)
	}
	if n, err := s.ExpireUploads(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("%d have expired, %v", n, err)
	}

	// What expired keeps nothing.
	short := upload.Upload{ID: "y1", UserID: other.ID, Sum: sha256.Sum256([]byte("c")), Bytes: 1}
	if _, err := s.AddUpload(t.Context(), short, time.Second, 10); err != nil {
		t.Fatal(err)
	}
	if err := s.CompleteUpload(t.Context(), "y1", stored(t, s, "c")); err != nil {
		t.Fatal(err)
	}
	markSources(t, s)
	_, err = s.BeginDelete(t.Context(), sourceKey("c"), 0, window)
	wantKind(t, err, fault.Conflict)
	for deadline := time.Now().Add(time.Minute); ; tick(t) {
		if n, err := s.ExpireUploads(t.Context(), 10); err != nil || time.Now().After(deadline) {
			t.Fatalf("it does not expire: %v", err)
		} else if n == 1 {
			break
		}
	}
	markSources(t, s)
	closeWindow(t, s, beginDelete(t, s, sourceKey("c")))
	if err := lamp(user); err != nil {
		t.Errorf("of an upload of the user's own: %v", err)
	}
}

// second returns the error of a call.
func second[T any](_ T, err error) error { return err }
