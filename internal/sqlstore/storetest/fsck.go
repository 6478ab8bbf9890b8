package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/gc"
)

func testStuck(t *testing.T, s Store) {
	t.Helper()
	count := func(silence time.Duration) int64 {
		t.Helper()
		n, ids, err := s.Silent(t.Context(), silence, 2)
		if err != nil || int64(len(ids)) != min(n, 2) {
			t.Fatalf("%d stuck, %v, %v", n, ids, err)
		}
		return n
	}
	for range 3 {
		claim(t, s, time.Millisecond)
	}
	claim(t, s, time.Minute)
	create(t, s, "http://a/1.jpg", "http://a/2.jpg")
	jobs(t, s) // out, and not begun
	until(t, "the leases are over", func() bool { return count(0) == 3 })
	if n := count(time.Hour); n != 0 {
		t.Errorf("%d leases were over an hour ago", n)
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
