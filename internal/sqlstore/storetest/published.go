package storetest

import (
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// shown creates a product whose only image is ready.
func shown(t *testing.T, s Store, key string) media.Claim {
	t.Helper()
	c := claim(t, s, time.Minute)
	complete(t, s, c, key)
	return c
}

// wantShown asks that the product shows the rendition, and no work or failure.
func wantShown(t *testing.T, s Store, c media.Claim, key string) {
	t.Helper()
	if img := read(t, s, c.ProductID).Images[0]; img.Status != catalog.Ready || img.Problem != nil || !reflect.DeepEqual(*img.Rendition, rendition(key)) {
		t.Errorf("the image is %+v with %+v", img, img.Rendition)
	}
}

// testRefresh works again on an image that shows a picture: it shows it until
// there is another, also where the work fails.
func testRefresh(t *testing.T, s Store) {
	t.Helper()
	c := shown(t, s, "aa")
	refresh := func() media.Claim {
		t.Helper()
		for range 2 { // the second finds it at work
			if err := s.RefreshImage(t.Context(), c.ProductID, c.ImageID, Anyone, "req-9"); err != nil {
				t.Fatal(err)
			}
		}
		wantShown(t, s, c, "aa")
		fresh, err := s.Begin(t.Context(), jobs(t, s)[0], time.Minute)
		if err != nil || fresh.Kind != media.Refresh || !fresh.Shown || fresh.Attempt != 1 || fresh.Generation == c.Generation {
			t.Fatalf("begun as %+v, %v", fresh, err)
		}
		wantShown(t, s, c, "aa")
		return fresh
	}
	before := read(t, s, c.ProductID).Revision
	newEvents(t, s)
	again := refresh()
	if _, err := s.Retry(t.Context(), again, timeout(), 0); err != nil {
		t.Fatal(err)
	}
	wantShown(t, s, c, "aa")
	again, err := s.Begin(t.Context(), jobs(t, s)[0], time.Minute)
	if err != nil || again.Attempt != 2 {
		t.Fatalf("begun again as %+v, %v", again, err)
	}
	if changed, err := s.Fail(t.Context(), again, timeout()); err != nil || changed.Revision != before {
		t.Fatalf("failed: %+v, %v", changed, err)
	}
	wantShown(t, s, c, "aa")
	if len(jobs(t, s)) != 0 {
		t.Error("a refresh that failed goes on")
	}
	wantEvents(t, s) // nothing to see has happened, so the revision is the same
	if revision := read(t, s, c.ProductID).Revision; revision != before {
		t.Errorf("revision %d of a product that shows what it showed at %d", revision, before)
	}
	again = refresh()
	complete(t, s, again, "bb")
	wantShown(t, s, c, "bb")
	wantEvents(t, s, events.Event{
		Type: events.ImageRefreshed, ProductID: c.ProductID, ImageID: c.ImageID, UserID: user, Revision: before + 1, Version: 1,
		Data: events.Data{Attempt: again.Attempt},
	})
	for _, err := range []error{
		s.RefreshImage(t.Context(), c.ProductID+1, c.ImageID, Anyone, ""), s.RefreshImage(t.Context(), c.ProductID, c.ImageID+1, Anyone, ""),
		s.RefreshImage(t.Context(), c.ProductID, c.ImageID, func(of int64) bool { return of != user }, ""),
	} {
		wantKind(t, err, fault.NotFound)
	}
	waiting := create(t, s, "http://a/1.jpg")
	wantKind(t, s.RefreshImage(t.Context(), waiting.ID, waiting.Images[0].ID, Anyone, ""), fault.Conflict)
	testUnchanged(t, s)
}

// testUnchanged: where a source is what it was, its product shows what it did and does not
// learn that it was looked at.
func testUnchanged(t *testing.T, s Store) {
	t.Helper()
	jobs(t, s)
	c := shown(t, s, "cc")
	wantWorking := func(image int64, want bool) {
		t.Helper()
		if got, err := s.Working(t.Context(), c.ProductID, image); err != nil || got != want {
			t.Errorf("working on image %d: %v, %v", image, got, err)
		}
	}
	again := func() media.Claim {
		t.Helper()
		wantWorking(0, false)
		defer wantWorking(c.ImageID+1, false)
		defer wantWorking(c.ImageID, true)
		defer wantWorking(0, true)
		if err := s.RefreshImage(t.Context(), c.ProductID, c.ImageID, Anyone, "req-9"); err != nil {
			t.Fatal(err)
		}
		return begin(t, s, jobs(t, s)[0])
	}
	fresh := again()
	if fresh.Rendition != "cc" || fresh.Source != (media.Version{}) {
		t.Errorf("begun as %+v", fresh)
	}
	fresh.Source = media.Version{ETag: `W/"1"`, Modified: "Fri, 27 Nov 2026 10:00:00 GMT"}
	before := read(t, s, c.ProductID)
	newEvents(t, s)
	complete(t, s, fresh, "cc") // the same picture
	if got := read(t, s, c.ProductID); !reflect.DeepEqual(got, before) || len(newEvents(t, s)) != 0 {
		t.Errorf("the same picture came as %+v, and was %+v", got, before)
	}
	known := again()
	if _, err := s.Retry(t.Context(), known, timeout(), 0); err != nil {
		t.Fatal(err)
	}
	known = begin(t, s, jobs(t, s)[0])
	now := read(t, s, c.ProductID)
	if known.Attempt != 2 || now.Images[0].RefreshError != fault.SourceTimeout {
		t.Errorf("begun as %+v, and %+v", known, now.Images[0])
	}
	if now.Images[0].RefreshError = ""; !reflect.DeepEqual(now, before) {
		t.Errorf("its second attempt shows in %+v", now)
	}
	if known.Source != fresh.Source {
		t.Errorf("the version %+v is remembered as %+v", fresh.Source, known.Source)
	}
	if err := s.Unchanged(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.Unchanged(t.Context(), known), fault.Conflict)
	wantShown(t, s, c, "cc")
	if got := read(t, s, c.ProductID); !reflect.DeepEqual(got, before) || len(newEvents(t, s)) != 0 || len(jobs(t, s)) != 0 {
		t.Errorf("unchanged came as %+v, and was %+v", got, before)
	}
	if changed := again(); changed.Source != fresh.Source {
		t.Errorf("the version %+v is remembered as %+v", fresh.Source, changed.Source)
	} else {
		changed.Source.ETag = `"2"`
		complete(t, s, changed, "dd")
		wantShown(t, s, c, "dd")
	}
	waiting := create(t, s, "http://a/1.jpg")
	wantKind(t, s.Unchanged(t.Context(), begin(t, s, jobs(t, s)[0])), fault.Conflict) // it shows nothing
	wantFirst := read(t, s, waiting.ID).Images[0]
	if wantFirst.Status != catalog.Processing {
		t.Errorf("an image that showed nothing is %+v", wantFirst)
	}
}

// testRepair rebuilds a rendition that is shown meanwhile: once, and also where
// a refresh was at work.
func testRepair(t *testing.T, s Store) {
	t.Helper()
	c := shown(t, s, "aa")
	if err := s.RefreshImage(t.Context(), c.ProductID, c.ImageID, Anyone, ""); err != nil {
		t.Fatal(err)
	}
	overtaken := begin(t, s, jobs(t, s)[0])
	for _, want := range []int{1, 0} {
		if changed, err := s.Rebuild(t.Context(), "aa", true, 10); err != nil || len(changed) != want {
			t.Fatalf("rebuilt %+v, %v", changed, err)
		}
	}
	wantShown(t, s, c, "aa")
	_, err := s.Complete(t.Context(), overtaken, rendition("bb"), noReport)
	wantKind(t, err, fault.Conflict)
	tick(t)
	fresh, err := s.Begin(t.Context(), jobs(t, s)[0], time.Minute)
	if err != nil || fresh.Kind != media.Repair || !fresh.Shown {
		t.Fatalf("begun as %+v, %v", fresh, err)
	}
	complete(t, s, fresh, "aa")
	wantShown(t, s, c, "aa")
}

// testEndLeases: the worker and the queue are known to be dead.
func testEndLeases(t *testing.T, s Store) {
	t.Helper()
	begun := claim(t, s, time.Hour)
	create(t, s, "http://a/2.jpg")
	out := jobs(t, s)
	if err := s.EndLeases(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := s.Begin(t.Context(), out[0], time.Minute)
	wantKind(t, err, fault.Conflict)
	if again := jobs(t, s); len(again) != 1 || without(again[0]) != without(out[0]) {
		t.Errorf("what was not begun is now %+v", again)
	}
	sweepOne(t, s)
	if img := read(t, s, begun.ProductID).Images[0]; img.Status != catalog.Pending || img.Attempts != 1 {
		t.Errorf("what was begun is %+v", img)
	}
}
