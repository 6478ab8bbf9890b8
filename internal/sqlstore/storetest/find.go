package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/catalog/find"
)

// Find compares the pages of every order and of many filters with those of
// catalogfake, whose products are the same, while products come and go between the pages.
func Find(t *testing.T, s catalog.Store) {
	t.Helper()
	FindPages(t, s, 1, 5, 100)
}

// FindPages is Find with pages of these sizes.
func FindPages(t *testing.T, s catalog.Store, limits ...int) {
	t.Helper()
	model := catalogfake.NewStore()
	copied := func(id int64) catalog.Product {
		p, err := s.Product(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		model.Put(p)
		return p
	}
	names := []string{"Café", "cafeteria", "CAFÉ noir", "ﬁne café", "Ca", "50%_off \"x\"", "aé", "zzz", "Ça va", "日本語カフェ", "Große Straße", `a\b`}
	var last catalog.Product
	for i := range 36 {
		n := catalog.NewProduct{
			UserID: user, Name: names[i*7%len(names)], Price: catalog.Price(i * 5 % 4 * 100), Description: "d",
			ExternalID: fmt.Sprintf("sku-%d", i), Images: []string{"http://a/1.jpg", "http://b:8443/2.jpg"}[:i%3],
		}
		p, err := s.CreateProduct(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		last = p
		copied(p.ID)
	}
	for id := last.ID - 30; id < last.ID; id += 4 {
		if _, err := s.ReviseProduct(t.Context(), id, func(old catalog.Product) (catalog.Revision, error) {
			r := revision(old)
			r.Name, r.Fields = old.Name+" Café", []string{catalog.FieldName}
			return r, nil
		}); err != nil {
			t.Fatal(err)
		}
		copied(id)
	}
	for _, f := range []catalog.Filter{{}, {ImageStatus: catalog.Failed}, {SourceHost: "a"}, {SourceHost: "b:8443"}, {SourceHost: "b"}, {SourceHost: "a", ImageStatus: catalog.Failed}} {
		for _, sort := range []find.Sort{find.Newest, find.Oldest} { // of all users
			for _, limit := range limits {
				f.Sort, f.Limit = sort, limit
				comparePages(t, s, model, f)
			}
		}
	}
	for _, f := range filters(copied(last.ID - 2).UpdatedAt) {
		for _, sort := range find.Sorts() {
			for _, limit := range limits {
				f.UserID, f.Sort, f.Limit, f.After = user, sort, limit, find.Position{}
				comparePages(t, s, model, f)
			}
		}
		f.After = find.Position{}
		want, _ := model.CountProducts(t.Context(), f, false)
		for _, estimated := range []bool{false, true} { // so few are counted
			if n, err := s.CountProducts(t.Context(), f, estimated); err != nil || n != want {
				t.Errorf("%+v: %d, want %d: %v", f, n, want, err)
			}
		}
	}
}

// comparePages compares all pages of the filter. Of what many products have a page may be shorter: what it
// lacks is on those that follow.
func comparePages(t *testing.T, s, model catalog.Store, f catalog.Filter) {
	t.Helper()
	for pages := 0; ; pages++ {
		want, _, err := model.ListProducts(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		got := pageOf(t, s, f)
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, page %d:\n%v\nwant\n%v", f, pages, got, want)
		}
		if len(got) < f.Limit || pages > 40 {
			return
		}
		f.After = f.PositionOf(got[len(got)-1])
	}
}

// pageOf reads pages until they are a full one, or the last.
func pageOf(t *testing.T, s catalog.Store, f catalog.Filter) (page []catalog.Summary) {
	t.Helper()
	for pages := 0; ; pages++ {
		got, stopped, err := s.ListProducts(t.Context(), f)
		if err != nil || got == nil || len(got) > f.Limit {
			t.Fatalf("%+v: %v, %v", f, got, err)
		}
		page = append(page, got...)
		full := len(got) == f.Limit
		if full && stopped.ID != 0 {
			t.Fatalf("%+v: %v, and stopped at %+v", f, got, stopped)
		}
		if full || stopped.ID == 0 || pages > 100 {
			return page
		}
		f.After, f.Limit = stopped, f.Limit-len(got)
	}
}

func filters(edited time.Time) []catalog.Filter {
	low, high := catalog.Price(100), catalog.Price(200)
	list := []catalog.Filter{{}}
	for _, name := range []string{"CAFE", "café n", "fé", "c", "%", "_", `"x"`, "カフェ", "カ", "strasse", `a\b`, "nothing", "' OR 1=1", "\u0301"} {
		list = append(list, catalog.Filter{Name: name}, catalog.Filter{Query: name})
	}
	for _, status := range catalog.ImageStatuses() {
		list = append(list, catalog.Filter{ImageStatus: status}, catalog.Filter{ImageStatus: status, Name: "cafe", PriceMax: &high})
	}
	return append(list,
		catalog.Filter{PriceMin: &low}, catalog.Filter{PriceMin: &low, PriceMax: &low}, catalog.Filter{PriceMax: &low, Query: "ca"},
		catalog.Filter{UpdatedAfter: edited}, catalog.Filter{UpdatedAfter: edited.Add(-time.Millisecond), Name: "cafe"},
		catalog.Filter{UpdatedAfter: edited.Add(999 * time.Microsecond), ImageStatus: catalog.Pending}, catalog.Filter{UpdatedAfter: time.Now().Add(time.Hour)},
		catalog.Filter{ExternalID: "sku-7"}, catalog.Filter{ExternalID: "SKU-7"}, catalog.Filter{ExternalID: "sku-8", Name: "cafe"},
		catalog.Filter{SourceHost: "a"}, catalog.Filter{SourceHost: "b:8443"}, catalog.Filter{SourceHost: "b"}, catalog.Filter{SourceHost: "b:8443", ImageStatus: catalog.Pending, Name: "cafe"},
		catalog.Filter{SourceHost: "a", ImageStatus: catalog.Failed}, catalog.Filter{SourceHost: "b:8443", PriceMin: &high},
		catalog.Filter{Name: "cafe", Query: "c"}, catalog.Filter{Name: "fete", Query: "teria"},
	)
}
