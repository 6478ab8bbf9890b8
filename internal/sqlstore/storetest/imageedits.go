package storetest

import (
	"reflect"
	"slices"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

// testImageEdits: what an image shows in words, and its place, are edits of the product.
func testImageEdits(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg")
	newEvents(t, s)
	got, err := s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
		r := revision(old)
		r.Fields = []string{catalog.FieldImages}
		r.Images = []catalog.PlannedImage{
			{SourceURL: "http://a/3.jpg", Alt: "röt & <b>"}, r.Images[1], {ID: r.Images[0].ID, SourceURL: r.Images[0].SourceURL, Alt: "first"},
		}
		return r, nil
	})
	if err != nil || !reflect.DeepEqual(got, read(t, s, p.ID)) {
		t.Fatalf("%+v, %v; read %+v", got, err, read(t, s, p.ID))
	}
	wantEvents(t, s, events.Event{
		Type: events.ProductUpdated, ProductID: p.ID, UserID: user, Revision: 2, Version: 2, Data: events.Data{Fields: []string{catalog.FieldImages}},
	})
	for i, want := range []catalog.Image{
		{SourceURL: "http://a/3.jpg", Alt: "röt & <b>"}, p.Images[1], {ID: p.Images[0].ID, SourceURL: "http://a/1.jpg", Alt: "first"},
	} {
		img := got.Images[i]
		if img.Position != i || img.SourceURL != want.SourceURL || img.Alt != want.Alt || want.ID != 0 && img.ID != want.ID ||
			img.CreatedAt.IsZero() || img.UpdatedAt.Before(img.CreatedAt) {
			t.Errorf("image %d is %+v, want %+v", i, img, want)
		}
	}
	if kept := got.Images[1]; !kept.CreatedAt.Equal(p.Images[1].CreatedAt) || !kept.UpdatedAt.Equal(p.Images[1].UpdatedAt) {
		t.Errorf("an image that stays as it is was %+v and is %+v", p.Images[1], kept)
	}
	if n := len(jobs(t, s)); n != 3 {
		t.Errorf("%d jobs, want those of 3 images", n)
	}
	testSentAgain(t, s)
}

// testSentAgain: images that have failed start over, whether they are still listed or
// not, and nothing else does.
func testSentAgain(t *testing.T, s Store) {
	t.Helper()
	p := broken(t, s, fault.SourceNotFound, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	if _, err := s.DiscardFailures(t.Context(), []failures.ID{{Kind: failures.KindImage, N: p.Images[1].ID}}); err != nil {
		t.Fatal(err)
	}
	again := func(fields []string, images ...int64) catalog.Product {
		got, err := s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
			r := revision(old)
			r.Fields, r.Retry = fields, images
			return r, nil
		})
		if err != nil || !reflect.DeepEqual(got, read(t, s, p.ID)) {
			t.Fatalf("%+v, %v; read %+v", got, err, read(t, s, p.ID))
		}
		return got
	}
	statuses := func(p catalog.Product) (list []catalog.Status) {
		for _, img := range p.Images {
			list = append(list, img.Status)
		}
		return list
	}
	got := again(nil, p.Images[0].ID, p.Images[1].ID, 4711)
	if got.Version != p.Version || got.Revision != p.Revision+1 ||
		!slices.Equal(statuses(got), []catalog.Status{catalog.Pending, catalog.Pending, catalog.Failed}) || got.Images[0].Problem != nil {
		t.Errorf("after a retry: %+v", got)
	}
	of := func(image, revision int64) events.Event {
		return events.Event{
			Type: events.ImageRetrying, ProductID: p.ID, ImageID: image, UserID: user, Revision: revision, Version: got.Version,
			Data: events.Data{Cause: events.CauseRequest},
		}
	}
	wantEvents(t, s, of(p.Images[0].ID, got.Revision), of(p.Images[1].ID, got.Revision))
	if n := len(jobs(t, s)); n != 2 {
		t.Errorf("%d jobs, want 2", n)
	}
	got = again([]string{catalog.FieldDescription}, p.Images[0].ID, p.Images[2].ID)
	if got.Version != p.Version+1 || !slices.Equal(statuses(got), []catalog.Status{catalog.Pending, catalog.Pending, catalog.Pending}) {
		t.Errorf("after an edit and a retry: %+v", got)
	}
	wantEvents(t, s, events.Event{
		Type: events.ProductUpdated, ProductID: p.ID, UserID: user, Revision: got.Revision - 1, Version: got.Version,
		Data: events.Data{Fields: []string{catalog.FieldDescription}},
	}, of(p.Images[2].ID, got.Revision))
	if same := again(nil, p.Images[0].ID); !reflect.DeepEqual(same, got) || len(newEvents(t, s)) != 0 {
		t.Errorf("nothing had failed, but %+v became %+v", got, same)
	}
}
