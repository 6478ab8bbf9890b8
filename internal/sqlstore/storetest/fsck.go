package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
)

func testStuck(t *testing.T, s Store) {
	t.Helper()
	count := func(status catalog.Status, silence time.Duration) int64 {
		t.Helper()
		n, ids, err := s.Stuck(t.Context(), status, silence, 2)
		if err != nil || int64(len(ids)) != min(n, 2) {
			t.Fatalf("%d stuck, %v, %v", n, ids, err)
		}
		return n
	}
	for range 3 {
		claim(t, s, time.Millisecond)
	}
	claim(t, s, time.Minute)
	until(t, "the leases are over", func() bool { return count(catalog.Processing, 0) == 3 })
	if n := count(catalog.Processing, time.Hour); n != 0 {
		t.Errorf("%d leases were over an hour ago", n)
	}
	create(t, s, "http://a/1.jpg", "http://a/2.jpg")
	tick(t)
	if n := count(catalog.Pending, 0); n != 0 {
		t.Errorf("%d images wait in vain whose jobs are in the outbox", n)
	}
	jobs(t, s) // delivered, and lost
	if n := count(catalog.Pending, 0); n != 2 {
		t.Errorf("%d images wait in vain, want 2", n)
	}
	if n := count(catalog.Pending, time.Hour); n != 0 {
		t.Errorf("%d images have waited for an hour", n)
	}
}

func testJobMessages(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg")
	page := func(after int64, limit int) []fsck.JobMessage {
		t.Helper()
		list, err := s.JobMessages(t.Context(), after, limit)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	all := page(0, 10)
	if len(all) != 2 || all[0].Status != catalog.Pending || all[0].Generation != 1 || all[0].Leased || all[0].Overdue < 0 ||
		all[0].Overdue > time.Minute || len(all[0].Body) == 0 {
		t.Fatalf("messages are %+v", all)
	}
	if second := page(all[0].ID, 1); len(second) != 1 || second[0].ID != all[1].ID {
		t.Errorf("the second page is %+v", second)
	}
	drop := func(id, generation int64, want bool) {
		t.Helper()
		if dropped, err := s.DropMessage(t.Context(), id, generation); err != nil || dropped != want {
			t.Errorf("dropped message %d: %t, %v; want %t", id, dropped, err, want)
		}
	}
	drop(all[0].ID, 1, false) // its image waits for it
	drop(all[0].ID, 7, true)
	leased, err := s.LeaseMessages(t.Context(), "image.process", 10, time.Minute)
	if err != nil || len(leased) != 1 || !page(0, 10)[0].Leased {
		t.Fatalf("leased %+v, %v", leased, err)
	}
	drop(all[1].ID, 7, false)
	if _, err := s.DeleteProduct(t.Context(), p.ID, nil); err != nil {
		t.Fatal(err)
	}
	if left := page(0, 10); len(left) != 0 {
		t.Errorf("messages of a deleted product: %+v", left)
	}
}

func testPartition(t *testing.T, s Store) {
	t.Helper()
	for _, key := range []string{"09ff", "0a00", "0a01", "0b00", "ff00"} {
		complete(t, s, claim(t, s, time.Minute), key)
	}
	abandoned(t, s, "0a02")
	beginDelete(t, s, "0a03")
	var got []gc.Rendition
	for from := "0a"; ; {
		page, err := s.Renditions(t.Context(), from, "0b", 3)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if len(page) < 3 {
			break
		}
		from = page[len(page)-1].Key
	}
	want := []gc.Rendition{
		{Key: "0a00", Live: true, Used: true}, {Key: "0a01", Live: true, Used: true}, {Key: "0a02", Live: true}, {Key: "0a03"},
	}
	if len(got) != len(want) {
		t.Fatalf("the partition has %+v", got)
	}
	for i, w := range want {
		outputs := 2
		if w.Key == "0a03" {
			outputs = 0
		}
		if g := got[i]; g.Key != w.Key || g.Live != w.Live || g.Used != w.Used || len(g.Outputs) != outputs {
			t.Errorf("got %+v, want %+v with %d files", g, w, outputs)
		}
	}
	if last, err := s.Renditions(t.Context(), "ff", "g", 3); err != nil || len(last) != 1 {
		t.Errorf("the last partition has %+v, %v", last, err)
	}
}

func testRevisions(t *testing.T, s Store) {
	t.Helper()
	p, q := create(t, s), create(t, s)
	list, err := s.Revisions(t.Context(), p.ID-1, 10)
	if err != nil || len(list) != 2 || list[0].ID != p.ID || list[1].ID != q.ID || list[0].Revision != 1 || list[0].UserID != user ||
		list[0].Age < 0 || list[0].Age > time.Minute {
		t.Fatalf("revisions are %+v, %v", list, err)
	}
	newEvents(t, s)
	for _, c := range []struct{ above, want int64 }{{7, 8}, {5, 8}} {
		changed, err := s.RaiseRevision(t.Context(), p.ID, c.above)
		if err != nil || changed != (catalog.Changed{ProductID: p.ID, UserID: user, Revision: c.want, Version: 1}) {
			t.Errorf("above %d: %+v, %v", c.above, changed, err)
		}
	}
	if n := len(newEvents(t, s)); n != 2 || read(t, s, p.ID).Revision != 8 {
		t.Errorf("%d changes are recorded, the product is at %d", n, read(t, s, p.ID).Revision)
	}
	_, err = s.RaiseRevision(t.Context(), q.ID+1000, 1)
	wantKind(t, err, fault.NotFound)
}

func testClaimSlice(t *testing.T, s Store) {
	t.Helper()
	var mine, places atomic.Int64
	var taking sync.WaitGroup
	for range 8 {
		taking.Go(func() {
			place, got, err := s.ClaimSlice(t.Context(), "once an hour", time.Hour, 3, 8)
			if err != nil {
				t.Error(err)
			}
			if got {
				mine.Add(1)
				places.Add(int64(place))
			}
		})
	}
	taking.Wait()
	if mine.Load() != 1 || places.Load() != 0 {
		t.Errorf("%d claimed the first slice", mine.Load())
	}
	for _, want := range []int{0, 3, 6, 1} { // each slice begins where the last one ended
		place, got, err := s.ClaimSlice(t.Context(), "at any time", 0, 3, 8)
		if err != nil || !got || place != want {
			t.Errorf("a slice begins at %d (%t, %v), want %d", place, got, err, want)
		}
	}
}
