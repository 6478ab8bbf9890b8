package storetest

import (
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/media"
)

const window = time.Minute

func complete(t *testing.T, s Store, c media.Claim, key string) {
	t.Helper()
	if _, err := s.Complete(t.Context(), c, rendition(key), noReport); err != nil {
		t.Fatal(err)
	}
}

// abandoned returns a rendition that no image refers to, marked as such.
func abandoned(t *testing.T, s Store, key string) {
	t.Helper()
	c := claim(t, s, time.Minute)
	complete(t, s, c, key)
	if _, err := s.DeleteProduct(t.Context(), c.ProductID, Unchecked); err != nil {
		t.Fatal(err)
	}
	mark(t, s)
}

func mark(t *testing.T, s Store) {
	t.Helper()
	if err := s.MarkUnused(t.Context(), "0", "z"); err != nil {
		t.Fatal(err)
	}
}

func beginDelete(t *testing.T, s Store, key string) gc.Window {
	t.Helper()
	w, err := s.BeginDelete(t.Context(), key, 0, window)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func closeWindow(t *testing.T, s Store, w gc.Window) {
	t.Helper()
	if err := s.CloseWindow(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	tick(t)
}

// tick lets the database's clock move on.
func tick(t *testing.T) {
	t.Helper()
	select {
	case <-time.After(5 * time.Millisecond):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

func isLive(t *testing.T, s Store, key string) bool {
	t.Helper()
	_, err := s.Rendition(t.Context(), key)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		t.Fatal(err)
	}
	return err == nil
}

func testBeginDelete(t *testing.T, s Store) {
	t.Helper()
	used := claim(t, s, time.Minute)
	complete(t, s, used, "aa")
	mark(t, s)
	_, err := s.BeginDelete(t.Context(), "aa", 0, window)
	wantKind(t, err, fault.Conflict) // an image refers to it
	if _, err := s.DeleteProduct(t.Context(), used.ProductID, Unchecked); err != nil {
		t.Fatal(err)
	}
	_, err = s.BeginDelete(t.Context(), "aa", 0, window)
	wantKind(t, err, fault.Conflict) // not marked
	mark(t, s)
	_, err = s.BeginDelete(t.Context(), "aa", time.Hour, window)
	wantKind(t, err, fault.Conflict) // marked only just now
	if got, err := s.Unused(t.Context(), "", "g", time.Hour, 10); err != nil || len(got) != 0 {
		t.Errorf("within its grace: %+v, %v", got, err)
	}
	got, err := s.Unused(t.Context(), "", "g", 0, 10)
	if err != nil || len(got) != 1 || got[0].Key != "aa" || len(got[0].Outputs) != 2 || got[0].Used || !got[0].Live {
		t.Errorf("unused are %+v, %v", got, err)
	}

	w := beginDelete(t, s, "aa")
	if isLive(t, s, "aa") {
		t.Error("a look-up finds what is being deleted")
	}
	if got, err := s.Unused(t.Context(), "", "g", 0, 10); err != nil || len(got) != 0 {
		t.Errorf("being deleted, and unused are %+v, %v", got, err)
	}
	_, err = s.BeginDelete(t.Context(), "aa", 0, window)
	wantKind(t, err, fault.Conflict) // another is at it
	closeWindow(t, s, w)
	closeWindow(t, s, beginDelete(t, s, "aa")) // what was left behind is deleted later

	abandoned(t, s, "cc")
	complete(t, s, claim(t, s, time.Minute), "cc") // in use again, and still marked
	_, err = s.BeginDelete(t.Context(), "cc", 0, window)
	wantKind(t, err, fault.Conflict)
	if !isLive(t, s, "cc") {
		t.Error("refused, and no look-up finds it")
	}
	closeWindow(t, s, beginDelete(t, s, "bb")) // files of which there never was a row
}

// testCollectedUnderAClaim has every order of a claim's steps and a collection's.
func testCollectedUnderAClaim(t *testing.T, s Store) {
	t.Helper()
	refused := func(what string, c media.Claim, key string) {
		t.Helper()
		_, err := s.Complete(t.Context(), c, rendition(key), noReport)
		f, failed := fault.FailureOf(err)
		if !failed || f.Reason != fault.StorageUnavailable || f.RetryAfter <= 0 || f.RetryAfter > 2*window {
			t.Fatalf("%s: completed with %v (%+v)", what, err, f)
		}
		if img := read(t, s, c.ProductID).Images[0]; img.Status != catalog.Processing || isLive(t, s, key) {
			t.Fatalf("%s: refused, and the image is %s", what, img.Status)
		}
		if _, err := s.Retry(t.Context(), c, f, 0); err != nil {
			t.Fatal(err)
		}
		again := begin(t, s, jobs(t, s)[0])
		complete(t, s, again, key)
		if !isLive(t, s, key) {
			t.Errorf("%s: what was stored again is not found", what)
		}
	}

	abandoned(t, s, "aa")
	before := claim(t, s, time.Minute) // has looked it up
	closeWindow(t, s, beginDelete(t, s, "aa"))
	refused("looked up, then collected", before, "aa")

	before = claim(t, s, time.Minute) // has stored its files
	closeWindow(t, s, beginDelete(t, s, "bb"))
	refused("stored, then collected as strays", before, "bb")

	w := beginDelete(t, s, "cc")
	during := claim(t, s, time.Minute) // may have stored before the last deletion
	closeWindow(t, s, w)
	refused("begun while it was collected", during, "cc")

	closeWindow(t, s, beginDelete(t, s, "dd"))
	after := claim(t, s, time.Minute)
	complete(t, s, after, "dd")
	_, err := s.BeginDelete(t.Context(), "dd", 0, window)
	wantKind(t, err, fault.Conflict)
	if !isLive(t, s, "dd") {
		t.Error("completed after a collection, and not found")
	}

	beginDelete(t, s, "ee") // and dies: the window stays open
	after = claim(t, s, time.Minute)
	_, err = s.Complete(t.Context(), after, rendition("ee"), noReport)
	if f, failed := fault.FailureOf(err); !failed || f.RetryAfter < window/2 {
		t.Errorf("completed within an open window: %v", err)
	}
}

func testPurgeTombstones(t *testing.T, s Store) {
	t.Helper()
	closeWindow(t, s, beginDelete(t, s, "aa"))
	if n, err := s.PurgeTombstones(t.Context(), 10); err != nil || n != 0 {
		t.Errorf("the record of a fresh deletion was purged: %d, %v", n, err)
	}
	c := claim(t, s, time.Minute)
	c.BegunAt = c.BegunAt.Add(-media.ClaimLife) // for so long its deletions are remembered
	_, err := s.Complete(t.Context(), c, rendition("bb"), noReport)
	wantKind(t, err, fault.Conflict)
	if isLive(t, s, "bb") {
		t.Error("a claim of yesterday has published")
	}
}

func testMarkBrokenAndRebuild(t *testing.T, s Store) {
	t.Helper()
	var shown []media.Claim
	for range 3 {
		c := claim(t, s, time.Minute)
		complete(t, s, c, "aa")
		shown = append(shown, c)
	}
	other := claim(t, s, time.Minute)
	complete(t, s, other, "bb")
	inFlight := claim(t, s, time.Minute)
	newEvents(t, s)

	if err := s.MarkBroken(t.Context(), "aa"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Complete(t.Context(), inFlight, rendition("aa"), noReport); err == nil {
		t.Error("an attempt that had looked the broken rendition up has completed with it")
	}
	rebuilt := 0
	for n := 1; n > 0; rebuilt += n {
		changed, err := s.Rebuild(t.Context(), "aa", false, 2)
		if err != nil {
			t.Fatal(err)
		}
		n = len(changed)
	}
	list := jobs(t, s)
	if rebuilt != 3 || len(list) != 3 || len(newEvents(t, s)) != 3 {
		t.Fatalf("%d rebuilt, jobs %+v", rebuilt, list)
	}
	for i, c := range shown {
		img := read(t, s, c.ProductID).Images[0]
		if img.Status != catalog.Pending || img.Attempts != 0 || list[i].Generation != 2 || list[i].RequestID != "req-1" {
			t.Errorf("image is %+v with job %+v", img, list[i])
		}
	}
	if img := read(t, s, other.ProductID).Images[0]; img.Status != catalog.Ready {
		t.Errorf("another rendition's image is %s", img.Status)
	}
	tick(t)
	again := begin(t, s, list[0])
	complete(t, s, again, "aa")
	if !isLive(t, s, "aa") {
		t.Error("stored again, and not found")
	}
}
