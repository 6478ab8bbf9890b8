package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// testEvents makes every kind of change: each leaves one event, with the
// product as it is then.
func testEvents(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg")
	img := p.Images[0].ID
	wantEvents(t, s, events.Event{Type: events.ProductCreated, ProductID: p.ID, UserID: user, Revision: 1, Version: 1})

	_, err := s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
		r := revision(old)
		r.Name, r.Fields = "Renamed", []string{catalog.FieldName}
		return r, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantEvents(t, s, events.Event{
		Type: events.ProductUpdated, ProductID: p.ID, UserID: user, Revision: 2, Version: 2,
		Data: events.Data{Fields: []string{catalog.FieldName}},
	})
	of := func(what events.Type, data events.Data) events.Event {
		return events.Event{
			Type: what, ProductID: p.ID, ImageID: img, UserID: user, Revision: read(t, s, p.ID).Revision, Version: 2, Data: data,
		}
	}
	timeout := fault.Fail(fault.SourceTimeout, "It took too long.", nil)
	c := begin(t, s, jobs(t, s)[0])
	if _, err := s.Retry(t.Context(), c, timeout, 20*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, s, of(events.ImageRetrying, events.Data{Reason: "source_timeout", Attempt: 1, DelayMS: 20}))
	until(t, "the retry is due", func() bool {
		list := jobs(t, s)
		if len(list) == 1 {
			c = begin(t, s, list[0])
		}
		return len(list) == 1
	})
	if _, err := s.Fail(t.Context(), c, timeout); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, s, of(events.ImageFailed, events.Data{Reason: "source_timeout", Attempt: 2}))
	if _, _, err := s.ReplayImage(t.Context(), p.ID, img, "req-2"); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, s, of(events.ImageRetrying, events.Data{Cause: events.CauseRequest}))
	complete(t, s, begin(t, s, jobs(t, s)[0]), "aa")
	wantEvents(t, s, of(events.ImageReady, events.Data{Attempt: 1}))

	before := read(t, s, p.ID).Revision
	if _, err := s.DeleteProduct(t.Context(), p.ID, nil); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, s, events.Event{Type: events.ProductDeleted, ProductID: p.ID, UserID: user, Revision: before + 1, Version: 3})
	wantKind(t, ignore(s.DeleteProduct(t.Context(), p.ID, nil)), fault.NotFound)
	wantEvents(t, s)
}

// testEventsOfMany: what one transaction does to many images is one event each.
func testEventsOfMany(t *testing.T, s Store) {
	t.Helper()
	var images []int64
	for range 3 {
		p := create(t, s, "http://a/1.jpg", "http://a/2.jpg")
		for _, j := range jobs(t, s) {
			if _, err := s.Fail(t.Context(), begin(t, s, j), fault.Fail(fault.SourceTimeout, "It took too long.", nil)); err != nil {
				t.Fatal(err)
			}
		}
		images = append(images, p.Images[0].ID, p.Images[1].ID)
	}
	newEvents(t, s)
	if _, done, err := s.ReplayImages(t.Context(), images, "req-2"); err != nil || len(done) != len(images) {
		t.Fatalf("%d retried, %v", len(done), err)
	}
	list := newEvents(t, s)
	of := map[int64]int64{}
	for _, e := range list {
		of[e.ImageID] = e.ProductID
		if e.Type != events.ImageRetrying || e.UserID != user || e.Revision != read(t, s, e.ProductID).Revision {
			t.Errorf("%+v", e)
		}
	}
	if len(list) != len(images) || len(of) != len(images) {
		t.Errorf("%d events of %d images", len(list), len(of))
	}
	if n := len(newEvents(t, s)); n != 0 {
		t.Errorf("%d events more", n)
	}
}

func begin(t *testing.T, s Store, j media.Job) media.Claim {
	t.Helper()
	c, _, err := s.Begin(t.Context(), j, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	newEvents(t, s) // a begin is none, or counts for nothing here
	return c
}

func ignore[T any](_ T, err error) error { return err }

// wantEvents asserts that exactly these were written since the last look, just now.
func wantEvents(t *testing.T, s Store, want ...events.Event) {
	t.Helper()
	got := newEvents(t, s)
	for i := range got {
		if got[i].ID <= 0 || time.Since(got[i].OccurredAt).Abs() > time.Minute {
			t.Errorf("event %d of %s", got[i].ID, got[i].OccurredAt)
		}
		got[i].ID, got[i].OccurredAt = 0, time.Time{}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("events %+v, want %+v", got, want)
	}
}

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
