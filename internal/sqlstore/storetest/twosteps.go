package storetest

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/upload"
)

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

	// The bound is of what waits for its picture, and has not expired: the first is stored.
	if _, err := s.AddUpload(t.Context(), upload.Upload{ID: "x8", UserID: user, Bytes: 1}, time.Millisecond, 2); err != nil {
		t.Fatal(err)
	}
	tick(t)
	wantKind(t, second(s.Upload(t.Context(), "x8")), fault.NotFound)
	for id, user := range map[string]int64{"x9": other.ID, "x10": other.ID, "x11": user, "x12": user} {
		if _, err := s.AddUpload(t.Context(), upload.Upload{ID: id, UserID: user, Bytes: 1}, time.Hour, 2); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AddUpload(t.Context(), upload.Upload{ID: "x13", UserID: user, Bytes: 1}, time.Hour, 2); !errors.Is(err, upload.ErrMany) {
		t.Errorf("one more than there may be: %v", err)
	}
	if _, err := s.AddUpload(t.Context(), upload.Upload{ID: "x14", UserID: 4711, Bytes: 1}, time.Hour, 2); !errors.Is(err, catalog.ErrUnknownUser) {
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
