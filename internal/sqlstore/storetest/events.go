package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
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
	if _, _, err := s.ReplayImage(t.Context(), p.ID, img, Anyone, "req-2"); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, s, of(events.ImageRetrying, events.Data{Cause: events.CauseRequest}))
	complete(t, s, begin(t, s, jobs(t, s)[0]), "aa")
	wantEvents(t, s, of(events.ImageReady, events.Data{Attempt: 1}))

	before := read(t, s, p.ID).Revision
	if _, err := s.DeleteProduct(t.Context(), p.ID, Unchecked); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, s, events.Event{Type: events.ProductDeleted, ProductID: p.ID, UserID: user, Revision: before + 1, Version: 3})
	wantKind(t, ignore(s.DeleteProduct(t.Context(), p.ID, Unchecked)), fault.NotFound)
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

// testEventOrder changes one product from many sides at once: the ids of its
// events have the order of its revisions.
func testEventOrder(t *testing.T, s Store) {
	t.Helper()
	urls := make([]string, editors/2)
	for i := range urls {
		urls[i] = fmt.Sprintf("http://a/%d.jpg", i)
	}
	p := create(t, s, urls...)
	claims := make([]media.Claim, 0, len(urls))
	for _, j := range jobs(t, s) {
		claims = append(claims, begin(t, s, j))
	}
	service := catalog.NewService(s, &announced{}, catalog.DefaultKeyTTL)
	newEvents(t, s) // of the create
	before := read(t, s, p.ID).Revision
	atOnce(func(i int) {
		for n := range 3 {
			err := whileUnavailable(func() (err error) {
				if n == 1 && i < len(claims) {
					_, err = s.Complete(t.Context(), claims[i], rendition(fmt.Sprintf("%02x", i)), noReport)
					return err
				}
				text := fmt.Sprintf("%d by %d", n, i)
				_, err = service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Description: &text}, nil)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	list := newEvents(t, s)
	for i, e := range list {
		if want := before + int64(i) + 1; e.Revision != want {
			t.Fatalf("event %d is of revision %d, want %d", i, e.Revision, want)
		}
	}
	if len(list) != 3*editors || read(t, s, p.ID).Revision != before+int64(len(list)) {
		t.Errorf("%d events of %d changes; the product is at revision %d", len(list), 3*editors, read(t, s, p.ID).Revision)
	}
}

func begin(t *testing.T, s Store, j media.Job) media.Claim {
	t.Helper()
	c, err := s.Begin(t.Context(), j, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
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
		got[i].ID, got[i].OccurredAt, got[i].Data.Work = 0, time.Time{}, nil // of the work: testAttempts
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("events %+v, want %+v", got, want)
	}
}
