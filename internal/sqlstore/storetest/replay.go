package storetest

import (
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

func testReplay(t *testing.T, s Store) {
	t.Helper()
	a := broken(t, s, fault.SourceTimeout, "http://a.example/1.jpg", "http://a.example/2.jpg", "http://a.example/3.jpg")
	b := broken(t, s, fault.SourceTimeout, "http://b.example/1.jpg")
	x, y, z := a.Images[0].ID, a.Images[2].ID, b.Images[0].ID
	changed, done, err := s.ReplayImages(t.Context(), []int64{z, y, 999, x}, "req-9")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(done, []int64{x, y, z}) {
		t.Errorf("replayed %v", done)
	}
	want := []catalog.Changed{{ProductID: a.ID, UserID: user, Revision: a.Revision + 1, Version: 1}, {ProductID: b.ID, UserID: user, Revision: b.Revision + 1, Version: 1}}
	slices.SortFunc(changed, func(a, b catalog.Changed) int { return int(a.ProductID - b.ProductID) })
	if !reflect.DeepEqual(changed, want) {
		t.Errorf("changed %+v, want %+v", changed, want)
	}
	wantChanged(t, s, changed...)
	list := jobs(t, s)
	gotJobs := []media.Job{}
	for _, j := range list {
		gotJobs = append(gotJobs, without(j))
	}
	wantJobs := []media.Job{
		{ImageID: x, ProductID: a.ID, Generation: 2, RequestID: "req-9", Host: "a.example", Contact: true},
		{ImageID: y, ProductID: a.ID, Generation: 2, RequestID: "req-9", Host: "a.example", Contact: true},
		{ImageID: z, ProductID: b.ID, Generation: 2, RequestID: "req-9", Host: "b.example", Contact: true},
	}
	if !reflect.DeepEqual(gotJobs, wantJobs) {
		t.Errorf("jobs %+v", list)
	}
	got := read(t, s, a.ID)
	for i, img := range got.Images {
		if i == 1 {
			if img.Status != catalog.Failed {
				t.Errorf("the image between is %s", img.Status)
			}
			continue
		}
		if img.Status != catalog.Pending || img.Attempts != 0 || img.Problem != nil {
			t.Errorf("image %d is %+v", i, img)
		}
	}
	if got.Revision != a.Revision+1 || len(letters(t, s, failures.Filter{})) != 1 {
		t.Errorf("revision %d, letters %v", got.Revision, names(letters(t, s, failures.Filter{})))
	}
	if changed, done, err := s.ReplayImages(t.Context(), []int64{x, y, z}, ""); err != nil || len(changed)+len(done) > 0 {
		t.Errorf("a second replay did %v, %v", done, err)
	}
	_, err = s.Begin(t.Context(), media.Job{ImageID: x, ProductID: a.ID, Generation: 1}, time.Minute)
	wantKind(t, err, fault.Conflict) // a message of the life before
	c, err := s.Begin(t.Context(), list[0], time.Minute)
	if err != nil || c.Attempt != 1 {
		t.Errorf("claim %+v, %v", c, err)
	}
}

func testReplayImage(t *testing.T, s Store) {
	t.Helper()
	p := broken(t, s, fault.UnsupportedType, "http://a.example/1.jpg")
	id := p.Images[0].ID
	for _, wrong := range [][2]int64{{p.ID, id + 1}, {p.ID + 1, id}} {
		_, _, err := s.ReplayImage(t.Context(), wrong[0], wrong[1], Anyone, "")
		wantKind(t, err, fault.NotFound)
	}
	if done, err := s.DiscardFailures(t.Context(), []failures.ID{imageID(p.Images[0])}); err != nil || len(done) != 1 {
		t.Fatalf("discarded %v, %v", done, err)
	}
	if img := read(t, s, p.ID).Images[0]; img.Status != catalog.Failed || img.Problem == nil {
		t.Errorf("a discarded image is %+v", img)
	}
	if len(letters(t, s, failures.Filter{})) != 0 {
		t.Error("a discarded image is listed")
	}
	var won, refused atomic.Int32
	var racing sync.WaitGroup
	for range 8 { // its owner may still replay it, once
		racing.Go(func() {
			img, changed, err := s.ReplayImage(t.Context(), p.ID, id, Anyone, "req-9")
			switch {
			case err == nil:
				won.Add(1)
				if img.ID != id || img.Status != catalog.Pending || img.SourceURL != "http://a.example/1.jpg" || changed.Revision != p.Revision+1 {
					t.Errorf("image %+v at %+v", img, changed)
				}
			case fault.KindOf(err) == fault.Conflict:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	racing.Wait()
	if won.Load() != 1 || refused.Load() != 7 {
		t.Errorf("%d replayed it, %d were refused", won.Load(), refused.Load())
	}
	list := jobs(t, s)
	want := media.Job{ImageID: id, ProductID: p.ID, Generation: 2, RequestID: "req-9", Host: "a.example", Contact: true}
	if len(list) != 1 || without(list[0]) != want {
		t.Errorf("jobs %+v", list)
	}
	wantChanged(t, s, catalog.Changed{ProductID: p.ID, UserID: user, Revision: p.Revision + 1, Version: 1})
	c := begin(t, s, list[0])
	if _, err := s.Fail(t.Context(), c, timeout()); err != nil { // and it is on the list again
		t.Fatal(err)
	}
	if got := letters(t, s, failures.Filter{}); len(got) != 1 || got[0].RequestID != "req-9" {
		t.Errorf("letters %+v", got)
	}
}

func testDiscard(t *testing.T, s Store) {
	t.Helper()
	p := broken(t, s, fault.SourceTimeout, "http://a.example/1.jpg", "http://a.example/2.jpg")
	unreadable(t, s, "m", "garbage")
	list := letters(t, s, failures.Filter{})
	ids := []failures.ID{list[0].ID, list[1].ID, list[2].ID, {Kind: failures.KindImage, N: 999}}
	if found, err := s.ListedFailures(t.Context(), ids); err != nil || len(found) != 3 {
		t.Errorf("on the list: %v, %v", found, err)
	}
	if done, err := s.DiscardFailures(t.Context(), ids); err != nil || len(done) != 3 {
		t.Errorf("discarded %v, %v", done, err)
	}
	if again, err := s.DiscardFailures(t.Context(), ids); err != nil || len(again) != 0 {
		t.Errorf("discarded again %v, %v", again, err)
	}
	if found, err := s.ListedFailures(t.Context(), ids); err != nil || len(found) != 0 {
		t.Errorf("on the list: %v, %v", found, err)
	}
	if got := read(t, s, p.ID); !reflect.DeepEqual(got, p) {
		t.Errorf("the product is now %+v, was %+v", got, p)
	}
	if _, done, err := s.ReplayImages(t.Context(), []int64{p.Images[0].ID}, ""); err != nil || len(done) != 0 {
		t.Errorf("replayed what was discarded: %v, %v", done, err)
	}
}

// Anyone may replay an image.
func Anyone(int64) bool { return true }
