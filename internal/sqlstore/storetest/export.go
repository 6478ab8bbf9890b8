package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/bulk/export"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
)

// exported are all products of the user, read in pages.
func exported(t *testing.T, s export.Store, owner int64, limit, maxBytes int) (all []rows.ProductRow) {
	t.Helper()
	for after, more := int64(0), true; more; {
		var page []rows.ProductRow
		var err error
		if page, more, err = s.ExportProducts(t.Context(), owner, after, limit, maxBytes); err != nil {
			t.Fatal(err)
		}
		if more && len(page) == 0 || len(page) > limit {
			t.Fatalf("a page of %d products, and more: %t", len(page), more)
		}
		for _, p := range page {
			if p.ID <= after {
				t.Fatalf("product %d comes behind %d", p.ID, after)
			}
			after = p.ID
		}
		all = append(all, page...)
	}
	return all
}

// testExport: all that clients write of products comes out as it went in.
func testExport(t *testing.T, s Store) {
	t.Helper()
	wanted := []rows.ProductRow{
		{Name: "Lamp", Price: "0"},
		{
			ExternalID: " SKU\r\n7 ", Name: "Café 🐈", Description: "one\r\ntwo\rthree\u2028", Price: "9999999999999.99",
			Images: []string{"https://a/1.jpg?a=1&b=<2>", "https://a/1.jpg?a=1&b=<2>", "https://ä.example/2.jpg"}, Metadata: map[string]string{"z": "", "a": "\t"},
		},
		{Name: "Torch", Description: "d", Price: "0.1", Images: slices.Repeat([]string{"https://a/1.jpg"}, catalog.MaxImages)},
		{Name: "Bulb", Price: "12.5"},
	}
	var want []rows.ProductRow
	for _, w := range wanted {
		price, err := catalog.ParsePrice(w.Price.String())
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.CreateProduct(t.Context(), catalog.NewProduct{
			UserID: user, Name: w.Name, Description: w.Description, Price: price, ExternalID: w.ExternalID, Images: w.Images, Metadata: w.Metadata,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.ID = p.ID
		want = append(want, w)
	}
	if _, err := s.ReviseProduct(t.Context(), want[1].ID, func(old catalog.Product) (catalog.Revision, error) {
		r := planned(old)
		r.Images[2].Alt = "A cat"
		return r, nil
	}); err != nil {
		t.Fatal(err)
	}
	want[1].Alts = []string{"", "", "A cat"}
	for _, limit := range []int{1, 2, 3, 4, 5, 500} {
		for _, maxBytes := range []int{1, 100, 1 << 20} {
			if got := exported(t, s, user, limit, maxBytes); !reflect.DeepEqual(got, want) {
				t.Errorf("in pages of %d products or %d bytes:\n%+v\nnot\n%+v", limit, maxBytes, got, want)
			}
		}
	}
	if got := exported(t, s, 4711, 10, 1<<20); len(got) > 0 {
		t.Errorf("products of no one: %+v", got)
	}
}

// planned is a revision to be changed, in what the tests change.
func planned(old catalog.Product) catalog.Revision {
	r := catalog.Revision{Name: old.Name, Description: old.Description, Price: old.Price, ExternalID: old.ExternalID, Metadata: old.Metadata, Fields: []string{catalog.FieldName, catalog.FieldImages}}
	for _, img := range old.Images {
		r.Images = append(r.Images, catalog.PlannedImage{ID: img.ID, SourceURL: img.SourceURL, Alt: img.Alt})
	}
	return r
}

// testExportBytes: a page ends with the product that reaches the bytes, which have what the
// images have, too.
func testExportBytes(t *testing.T, s Store) {
	t.Helper()
	image := "https://a/" + strings.Repeat("1", 990)
	for range 40 {
		create(t, s, image, image, image, image)
	}
	for maxBytes, want := range map[int]int{1: 1, 4000: 1, 4100: 2, 40_000: 10, 1 << 20: 40} {
		page, more, err := s.ExportProducts(t.Context(), user, 0, 100, maxBytes)
		if err != nil || len(page) != want || more != (want < 40) {
			t.Errorf("%d bytes: %d products, want %d; more: %t, %v", maxBytes, len(page), want, more, err)
		}
	}
}

// testExportAmidEdits: a product that is read while others change it has what one of them
// wrote: never a name of one and images of another.
func testExportAmidEdits(t *testing.T, s Store) {
	t.Helper()
	var ids []int64
	for range 10 {
		ids = append(ids, create(t, s, "https://a/0").ID)
	}
	ctx, stop := context.WithCancel(t.Context())
	var editors sync.WaitGroup
	for worker := range 2 {
		editors.Go(func() {
			for n := worker; ctx.Err() == nil; n += 2 {
				_, err := s.ReviseProduct(ctx, ids[n%len(ids)], func(old catalog.Product) (catalog.Revision, error) {
					r := planned(old)
					r.Name, r.Images = strconv.Itoa(n), nil
					for i := range n % 5 {
						r.Images = append(r.Images, catalog.PlannedImage{SourceURL: fmt.Sprintf("https://a/%d/%d", n, i), Alt: strconv.Itoa(n)})
					}
					return r, nil
				})
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	for range 200 {
		for _, p := range exported(t, s, user, 4, 1<<20) {
			n, err := json.Number(p.Name).Int64()
			if err != nil { // not edited yet
				continue
			}
			if len(p.Images) != int(n%5) || slices.ContainsFunc(p.Images, func(u string) bool { return !strings.HasPrefix(u, "https://a/"+p.Name+"/") }) ||
				slices.ContainsFunc(p.Alts, func(a string) bool { return a != p.Name }) {
				t.Fatalf("the product is of several edits: %+v", p)
			}
		}
	}
	stop()
	editors.Wait()
}
