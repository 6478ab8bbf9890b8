package storetest

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/media"
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
	list, _, err := s.ListProducts(t.Context(), catalog.Filter{UserID: user, Limit: 100})
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
	if got, err := s.Unused(t.Context(), blob.Sources, blob.Sources+"g", time.Hour, 10); err != nil || len(got) != 0 {
		t.Errorf("within its grace: %+v, %v", got, err)
	}
	got, err := s.Unused(t.Context(), blob.Sources, blob.Sources+"g", 0, 10)
	if err != nil || len(got) != 1 || got[0].Key != sourceKey("a") || got[0].Used || !got[0].Live {
		t.Errorf("unused are %+v, %v", got, err)
	}
	if got, err := s.Unused(t.Context(), "", "g", 0, 10); err != nil || len(got) != 0 {
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
	long := stored(t, s, "c")
	long.BegunAt = long.BegunAt.Add(-media.ClaimLife) // the record of a deletion since then may be purged
	refused("begun before what is remembered", long)
	if _, err := addUpload(t, s, product, stored(t, s, "a")); err != nil {
		t.Errorf("begun after the collection: %v", err)
	}
}
