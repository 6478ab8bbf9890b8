package storetest

import (
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fsck"
)

// testReaders: one holder at a time, whose position is the next one's.
func testReaders(t *testing.T, s Store) {
	t.Helper()
	lease := func(holder string, d time.Duration) (int64, error) { return s.LeaseReader(t.Context(), "r", holder, d) }
	if at, err := lease("a", time.Minute); at != 0 || err != nil {
		t.Fatalf("position %d, %v", at, err)
	}
	wantKind(t, ignore(lease("b", time.Minute)), fault.Conflict)
	wantKind(t, s.SaveReader(t.Context(), "r", "b", 9, time.Minute), fault.Conflict)
	wantKind(t, s.SaveReader(t.Context(), "unheard", "a", 9, time.Minute), fault.Conflict)
	if err := s.SaveReader(t.Context(), "r", "a", 5, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.ReleaseReader(t.Context(), "r", "b"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, ignore(lease("b", time.Minute)), fault.Conflict)
	if at, err := lease("a", time.Minute); at != 5 || err != nil { // it is its own
		t.Errorf("position %d, %v", at, err)
	}
	if err := s.ReleaseReader(t.Context(), "r", "a"); err != nil {
		t.Fatal(err)
	}
	if at, err := lease("b", 50*time.Millisecond); at != 5 || err != nil {
		t.Errorf("position %d, %v", at, err)
	}
	until(t, "the lease runs out", func() bool {
		at, err := lease("c", time.Minute)
		return err == nil && at == 5
	})
	wantKind(t, s.SaveReader(t.Context(), "r", "b", 9, time.Minute), fault.Conflict)
	if at, err := s.LeaseReader(t.Context(), "another", "b", time.Minute); at != 0 || err != nil {
		t.Errorf("another reader: position %d, %v", at, err)
	}
}

// testReadersAhead: who held a reader that is set back goes on from there.
func testReadersAhead(t *testing.T, s Store) {
	t.Helper()
	create(t, s)
	end, err := s.Mark(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, position := range map[string]int64{"right": end.To, "wrong": end.To + 7} {
		if _, err := s.LeaseReader(t.Context(), name, "a", time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := s.SaveReader(t.Context(), name, "a", position, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	ahead, last, err := s.ReadersAhead(t.Context())
	if err != nil || last != end.To || len(ahead) != 1 || ahead[0] != (fsck.Reader{Name: "wrong", Position: end.To + 7}) {
		t.Fatalf("%+v ahead of %d, %v", ahead, last, err)
	}
	for _, name := range []string{"right", "wrong"} {
		if err := s.SetBackReader(t.Context(), name, last); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveReader(t.Context(), "right", "a", end.To, time.Minute); err != nil {
		t.Errorf("a reader that was right lost its lease: %v", err)
	}
	wantKind(t, s.SaveReader(t.Context(), "wrong", "a", end.To+7, time.Minute), fault.Conflict)
	if at, err := s.LeaseReader(t.Context(), "wrong", "a", time.Minute); at != end.To || err != nil {
		t.Errorf("set back to %d, %v", at, err)
	}
}

// testRead: pages by id, within bounds.
func testRead(t *testing.T, s Store) {
	t.Helper()
	if m, err := s.Mark(t.Context(), 0); m.To != 0 || err != nil {
		t.Fatalf("the mark of an empty log is %+v, %v", m, err)
	}
	for range 5 {
		create(t, s)
	}
	m, err := s.Mark(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the mark has passed", func() bool {
		passed, err := s.Passed(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return passed
	})
	if holders, err := s.Holders(t.Context(), m); len(holders) != 0 || err != nil {
		t.Errorf("held by %+v, %v", holders, err)
	}
	if again, err := s.Mark(t.Context(), m.To); again.To != m.To || again.Barrier != 0 || err != nil {
		t.Errorf("the mark with nothing new is %+v, %v", again, err)
	}
	all, err := s.Read(t.Context(), 0, m.To, 10)
	if err != nil || len(all.Events) != 5 || all.RemovedTo != 0 || time.Since(all.Now).Abs() > time.Minute {
		t.Fatalf("%+v, %v", all, err)
	}
	ids := make([]int64, 5)
	for i, e := range all.Events {
		ids[i] = e.ID
	}
	for _, c := range []struct {
		after, to int64
		limit     int
		want      []int64
	}{
		{0, m.To, 2, ids[:2]}, {ids[1], m.To, 2, ids[2:4]}, {ids[0], ids[2], 10, ids[1:3]}, {ids[4], m.To + 9, 10, nil},
	} {
		page, err := s.Read(t.Context(), c.after, c.to, c.limit)
		var got []int64
		for _, e := range page.Events {
			got = append(got, e.ID)
		}
		if err != nil || !reflect.DeepEqual(got, c.want) || page.Now.IsZero() {
			t.Errorf("after %d up to %d, at most %d: %v, %v; want %v", c.after, c.to, c.limit, got, err, c.want)
		}
	}
}

// testRemoveEvents: from the front, by age and by number, at most so many at once.
func testRemoveEvents(t *testing.T, s Store) {
	t.Helper()
	const ages = 1000 * time.Hour
	remove := func(age time.Duration, latest int64, limit, want int) {
		t.Helper()
		if n, err := s.RemoveEvents(t.Context(), age, latest, limit); n != want || err != nil {
			t.Errorf("%d removed, %v; want %d", n, err, want)
		}
	}
	remove(0, 0, 10, 0)
	for range 10 {
		create(t, s)
	}
	all, err := s.Read(t.Context(), 0, 1<<40, 100)
	if err != nil || len(all.Events) != 10 {
		t.Fatalf("%d events, %v", len(all.Events), err)
	}
	last := all.Events[9].ID
	remove(ages, 100, 10, 0)
	remove(ages, 6, 3, 3)
	remove(ages, 6, 3, 1)
	remove(ages, 6, 3, 0)
	left, err := s.Read(t.Context(), 0, last, 100)
	if err != nil || len(left.Events) != 6 || left.RemovedTo != all.Events[3].ID {
		t.Errorf("%d left, removed to %d, %v", len(left.Events), left.RemovedTo, err)
	}
	removed := 0
	until(t, "all are old", func() bool {
		n, err := s.RemoveEvents(t.Context(), 20*time.Millisecond, 100, 4)
		if removed += n; err != nil || n > 4 {
			t.Fatalf("%d removed, %v", n, err)
		}
		return removed == 6
	})
	left, err = s.Read(t.Context(), 0, last, 100)
	if err != nil || len(left.Events) != 0 || left.RemovedTo != last {
		t.Errorf("%d left, removed to %d, %v", len(left.Events), left.RemovedTo, err)
	}
	create(t, s) // ids go on
	if list, err := s.Read(t.Context(), last, 1<<40, 100); err != nil || len(list.Events) != 1 || list.Events[0].ID <= last {
		t.Errorf("%+v, %v", list, err)
	}
}
