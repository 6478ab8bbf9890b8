package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

func testCreate(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/1.jpg")
	got := read(t, s, p.ID)
	if !reflect.DeepEqual(got, p) {
		t.Errorf("read %+v, created %+v", got, p)
	}
	if got.Version != 1 || got.Name != "Smartphone" || got.Price != 99999 || len(got.Images) != 3 || got.CreatedAt.IsZero() {
		t.Errorf("product %+v is not what was sent", got)
	}
	list := jobs(t, s)
	if len(list) != 3 {
		t.Fatalf("%d jobs, want 3", len(list))
	}
	for i, j := range list {
		if want := (media.Job{ImageID: got.Images[i].ID, ProductID: p.ID, Generation: 1, RequestID: "req-1", Host: "a", Contact: true}); without(j) != want {
			t.Errorf("job %d is %+v, want %+v", i, j, want)
		}
		if got.Images[i].Status != catalog.Pending {
			t.Errorf("image %d is %s", i, got.Images[i].Status)
		}
	}
	wantChanged(t, s, p.Edited())
	if bare := create(t, s); len(read(t, s, bare.ID).Images) != 0 || len(jobs(t, s)) != 0 {
		t.Error("a product without images asks for work")
	}
}

// wantChanged asserts that exactly these changes were recorded since the last look.
func wantChanged(t *testing.T, s Store, want ...catalog.Changed) {
	t.Helper()
	var got []catalog.Changed
	for _, e := range newEvents(t, s) {
		got = append(got, catalog.ChangedBy(e))
	}
	if got = slices.Compact(got); !reflect.DeepEqual(got, want) { // many images of a product may change at once
		t.Errorf("changes %+v in the log, want %+v", got, want)
	}
}

func testUnknownUser(t *testing.T, s Store) {
	t.Helper()
	_, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: 999, Name: "x", Images: []string{"http://a/1.jpg"}})
	if !errors.Is(err, catalog.ErrUnknownUser) {
		t.Errorf("error %v, want ErrUnknownUser", err)
	}
	if len(jobs(t, s)) != 0 {
		t.Error("there is work of a product that was refused")
	}
	for id, want := range map[int64]bool{user: true, 999: false} {
		if known, err := s.UserExists(t.Context(), id); err != nil || known != want {
			t.Errorf("UserExists(%d) = %v, %v", id, known, err)
		}
	}
}

// testCancelled ends creates at every moment of their run: each is there as a
// whole or not at all.
func testCancelled(t *testing.T, s Store) {
	t.Helper()
	whole := create(t, s, "http://a/1.jpg", "http://a/2.jpg") // connects, and measures how long one takes
	started := time.Now()
	create(t, s, "http://a/1.jpg", "http://a/2.jpg")
	took := time.Since(started)
	for i := range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), took*time.Duration(i)/40)
		_, err := s.CreateProduct(ctx, catalog.NewProduct{
			UserID: user, Name: "Smartphone", Images: []string{"http://a/1.jpg", "http://a/2.jpg"},
		})
		cancel()
		if err != nil && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("cut off after %d/40 of its time: %v of kind %s", i, err, fault.KindOf(err))
		}
	}
	var list []int64
	work, changes := 0, 0
	until(t, "products, jobs and changes agree", func() bool { // a server may still be at the last ones
		list = listed(t, s, catalog.Filter{Limit: 100})
		work += len(jobs(t, s))
		changes += len(newEvents(t, s))
		return work == 2*len(list) && changes == len(list)
	})
	for _, id := range list {
		if n := len(read(t, s, id).Images); n != len(whole.Images) {
			t.Errorf("product %d has %d images", id, n)
		}
	}
}

func testPrices(t *testing.T, s catalog.Store) {
	t.Helper()
	for _, text := range []string{"999.99", "0.1", "1.15", "123456789012.99", "0", "9999999999999.99"} {
		price, err := catalog.ParsePrice(text)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: "p", Price: price})
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, p.ID).Price.String(); got != text {
			t.Errorf("price %s came out as %s", text, got)
		}
		found, _, err := s.ListProducts(t.Context(), catalog.Filter{PriceMin: &price, PriceMax: &price, Limit: 10})
		if err != nil || len(found) != 1 || found[0].ID != p.ID {
			t.Errorf("filter by exactly %s found %v, %v", text, found, err)
		}
	}
}

func testText(t *testing.T, s catalog.Store) {
	t.Helper()
	for _, text := range []string{"naïve café", "日本語の商品", "😀🛍️", "'; DROP TABLE products; --", "tab\tand\nline", strings.Repeat("ß", 200)} {
		p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: text, Description: text})
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, p.ID); got.Name != text || got.Description != text {
			t.Errorf("%q came out as %q and %q", text, got.Name, got.Description)
		}
	}
}

// revision leaves the product as it is, but counts as a difference.
func revision(p catalog.Product) catalog.Revision {
	r := catalog.Revision{
		Name: p.Name, Description: p.Description, Price: p.Price, ExternalID: p.ExternalID, Metadata: p.Metadata,
		Fields: []string{catalog.FieldDescription}, RequestID: "req-2",
	}
	for _, img := range p.Images {
		r.Images = append(r.Images, catalog.PlannedImage{ID: img.ID, SourceURL: img.SourceURL, Alt: img.Alt})
	}
	return r
}

func testRevise(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg", "http://a/2.jpg", "http://a/3.jpg")
	newEvents(t, s)
	got, err := s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
		if !reflect.DeepEqual(old, p) {
			t.Errorf("to be revised %+v, created %+v", old, p)
		}
		r := revision(old)
		r.Name, r.Price, r.Fields = "Renamed", 150, []string{catalog.FieldName, catalog.FieldPrice}
		r.Images = []catalog.PlannedImage{r.Images[2], {SourceURL: "http://a/4.jpg"}, r.Images[0]}
		return r, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if again := read(t, s, p.ID); !reflect.DeepEqual(got, again) {
		t.Errorf("returned %+v, read %+v", got, again)
	}
	if got.Version != 2 || got.Name != "Renamed" || got.Price != 150 || len(got.Images) != 3 {
		t.Fatalf("revised product is %+v", got)
	}
	if got.Images[0].ID != p.Images[2].ID || got.Images[2].ID != p.Images[0].ID || got.Images[1].SourceURL != "http://a/4.jpg" {
		t.Errorf("images are %+v", got.Images)
	}
	list := jobs(t, s) // of images 1, 3 and 4; that of the dropped one is gone
	if len(list) != 3 || list[2].ImageID != got.Images[1].ID || list[2].RequestID != "req-2" {
		t.Errorf("jobs are %+v", list)
	}
	for _, j := range list {
		if j.ImageID == p.Images[1].ID {
			t.Error("the dropped image still has its job")
		}
	}
	wantChanged(t, s, catalog.Changed{ProductID: p.ID, UserID: user, Revision: 2, Version: 2, Edit: true})

	same, err := s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
		r := revision(old)
		r.Fields = nil
		return r, nil
	})
	if err != nil || !reflect.DeepEqual(same, got) {
		t.Errorf("without a difference %+v, %v", same, err)
	}
	_, err = s.ReviseProduct(t.Context(), p.ID, func(old catalog.Product) (catalog.Revision, error) {
		return revision(old), fault.New(fault.Stale, "not this one")
	})
	wantKind(t, err, fault.Stale)
	_, err = s.ReviseProduct(t.Context(), 999, func(old catalog.Product) (catalog.Revision, error) {
		t.Error("nothing was revised")
		return revision(old), nil
	})
	wantKind(t, err, fault.NotFound)
	wantChanged(t, s)
	if again := read(t, s, p.ID); !reflect.DeepEqual(got, again) {
		t.Errorf("after nothing %+v, before %+v", again, got)
	}
}

func testReviseRaces(t *testing.T, s catalog.Store) {
	t.Helper()
	p := create(t, s)
	var won, stale atomic.Int32
	var racing sync.WaitGroup
	for range 8 {
		racing.Go(func() {
			_, err := s.ReviseProduct(t.Context(), p.ID, func(now catalog.Product) (catalog.Revision, error) {
				if now.Version != p.Version {
					return catalog.Revision{}, fault.New(fault.Stale, "another one won")
				}
				return revision(now), nil
			})
			switch {
			case err == nil:
				won.Add(1)
			case fault.KindOf(err) == fault.Stale:
				stale.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	racing.Wait()
	if won.Load() != 1 || stale.Load() != 7 {
		t.Errorf("%d won and %d were stale, want 1 and 7", won.Load(), stale.Load())
	}
}

func testDelete(t *testing.T, s Store) {
	t.Helper()
	p := create(t, s, "http://a/1.jpg")
	newEvents(t, s)
	no := errors.New("not this one")
	if _, err := s.DeleteProduct(t.Context(), p.ID, func(of, version int64) error {
		if of != user || version != 1 {
			t.Errorf("checked user %d, version %d", of, version)
		}
		return no
	}); !errors.Is(err, no) {
		t.Errorf("a delete that is not allowed: %v", err)
	}
	want := catalog.Changed{ProductID: p.ID, UserID: user, Revision: cache.Gone, Version: 2, Edit: true}
	got, err := s.DeleteProduct(t.Context(), p.ID, Unchecked)
	if err != nil || got != want {
		t.Fatalf("delete returned %+v, %v", got, err)
	}
	_, err = s.Product(t.Context(), p.ID)
	wantKind(t, err, fault.NotFound)
	_, err = s.DeleteProduct(t.Context(), p.ID, Unchecked)
	wantKind(t, err, fault.NotFound)
	if list := jobs(t, s); len(list) != 0 {
		t.Errorf("there is still work: %+v", list)
	}
	wantChanged(t, s, want)
	if next := create(t, s); next.ID <= p.ID {
		t.Errorf("id %d was used again after %d", next.ID, p.ID)
	}
}

// Unchecked allows every delete.
func Unchecked(int64, int64) error { return nil }
