package storetest

import (
	"errors"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
)

// named is a lamp with the client's own id.
func named(of int64, external string) catalog.NewProduct {
	n := lamp()
	n.UserID, n.ExternalID = of, external
	n.Metadata = catalog.Metadata{"colour": "röt & <b>", "🪔": "", `a"b`: `\`}
	return n
}

func testExternalID(t *testing.T, s Store) {
	t.Helper()
	other, err := auth.NewAccounts(s).AddUser(t.Context(), auth.Everyone(), auth.UserDraft{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	add := func(n catalog.NewProduct) catalog.Product {
		p, err := s.CreateProduct(t.Context(), n)
		if err != nil {
			t.Fatalf("%q of user %d: %v", n.ExternalID, n.UserID, err)
		}
		if got := read(t, s, p.ID); !reflect.DeepEqual(got, p) || got.ExternalID != n.ExternalID || !reflect.DeepEqual(got.Metadata, n.Metadata) {
			t.Errorf("created %+v, read %+v", p, got)
		}
		return p
	}
	first := add(named(user, "SKU-1"))
	second := add(named(user, "sku-1")) // another one
	add(named(other.ID, "SKU-1"))
	create(t, s)
	create(t, s) // any number has none
	wantByExternalID(t, s, first)
	newEvents(t, s)
	jobs(t, s)

	wantTaken := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, catalog.ErrExternalIDTaken) || len(newEvents(t, s)) != 0 || len(jobs(t, s)) != 0 {
			t.Errorf("%s: %v, or something was stored", what, err)
		}
	}
	_, err = s.CreateProduct(t.Context(), named(user, "SKU-1"))
	wantTaken("create", err)
	_, _, err = s.CreateProductOnce(t.Context(), named(user, "SKU-1"), key("k"))
	wantTaken("create once", err)
	createOnce(t, s, key("k")) // which was not used up
	newEvents(t, s)
	jobs(t, s)
	rename := func(id int64, external string) (catalog.Product, error) {
		return s.ReviseProduct(t.Context(), id, func(old catalog.Product) (catalog.Revision, error) {
			r := revision(old)
			r.ExternalID, r.Metadata = external, nil
			return r, nil
		})
	}
	_, err = rename(second.ID, "SKU-1")
	wantTaken("revise", err)
	if got, err := rename(first.ID, ""); err != nil || got.ExternalID != "" || got.Metadata != nil || !reflect.DeepEqual(got, read(t, s, first.ID)) {
		t.Errorf("without: %+v, %v", got, err)
	}
	if got, err := rename(second.ID, "SKU-1"); err != nil || got.ExternalID != "SKU-1" {
		t.Errorf("what was given up is free: %+v, %v", got, err)
	}
}

// testExternalIDAtOnce: of creates at once with one external id, one creates.
func testExternalIDAtOnce(t *testing.T, s Store) {
	t.Helper()
	var created, taken atomic.Int32
	atOnce(func(editor int) {
		err := whileUnavailable(func() error {
			var err error
			if editor%2 == 0 {
				_, err = s.CreateProduct(t.Context(), named(user, "SKU-9"))
			} else {
				_, _, err = s.CreateProductOnce(t.Context(), named(user, "SKU-9"), key(strings.Repeat("k", editor)))
			}
			return err
		})
		switch {
		case err == nil:
			created.Add(1)
		case errors.Is(err, catalog.ErrExternalIDTaken):
			taken.Add(1)
		default:
			t.Errorf("editor %d: %v", editor, err)
		}
	})
	if created.Load() != 1 || taken.Load() != editors-1 || len(listed(t, s, catalog.Filter{Limit: 100})) != 1 {
		t.Errorf("%d created, %d refused", created.Load(), taken.Load())
	}
}

// testMetadataOnPages: lists show it, and count it where a page ends.
func testMetadataOnPages(t *testing.T, s Store) {
	t.Helper()
	n := named(user, "")
	n.Images, n.Metadata = nil, catalog.Metadata{"k": strings.Repeat("x", catalog.MaxMetadataValueRunes)}
	for range 3 {
		if _, err := s.CreateProduct(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	all, _, err := s.ListProducts(t.Context(), catalog.Filter{Limit: 10})
	if err != nil || len(all) != 3 || !reflect.DeepEqual(all[0].Metadata, n.Metadata) || all[0].CreatedAt.IsZero() || all[0].UpdatedAt.IsZero() {
		t.Fatalf("list = %+v, %v", all, err)
	}
	for bytes, want := range map[int]int{all[0].Bytes() - 1: 1, all[0].Bytes(): 2, 2*all[0].Bytes() - 1: 2, 2 * all[0].Bytes(): 3} {
		if page, _, err := s.ListProducts(t.Context(), catalog.Filter{Limit: 10, MaxBytes: bytes}); err != nil || len(page) != want {
			t.Errorf("%d products in %d bytes, want %d: %v", len(page), bytes, want, err)
		}
	}
}

// wantByExternalID asks that SKU-1 of the user is the product, and of no other user.
func wantByExternalID(t *testing.T, s Store, p catalog.Product) {
	t.Helper()
	if id, err := s.ByExternalID(t.Context(), user, "SKU-1"); err != nil || id != p.ID {
		t.Errorf("found %d, %v; want %d", id, err, p.ID)
	}
	for _, miss := range []struct {
		user     int64
		external string
	}{{user, "sku-2"}, {user, ""}, {user + 1000, "SKU-1"}} {
		if id, err := s.ByExternalID(t.Context(), miss.user, miss.external); !errors.Is(err, catalog.ErrNoProduct) {
			t.Errorf("%+v: found %d, %v", miss, id, err)
		}
	}
}
