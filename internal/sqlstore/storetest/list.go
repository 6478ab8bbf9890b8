package storetest

import (
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
)

func testList(t *testing.T, s catalog.Store) {
	t.Helper()
	var ids []int64
	for _, price := range []catalog.Price{100, 200, 300} {
		p, err := s.CreateProduct(t.Context(), catalog.NewProduct{
			UserID: user, Name: "n", Description: "d", Price: price, Images: []string{"http://a/1.jpg"},
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID)
	}
	low, high := catalog.Price(200), catalog.Price(200)
	tests := map[string]struct {
		filter catalog.Filter
		want   []int64
	}{
		"all, newest first":    {catalog.Filter{}, []int64{ids[2], ids[1], ids[0]}},
		"of a user":            {catalog.Filter{UserID: user}, []int64{ids[2], ids[1], ids[0]}},
		"of no one":            {catalog.Filter{UserID: 999}, nil},
		"from, inclusive":      {catalog.Filter{PriceMin: &low}, []int64{ids[2], ids[1]}},
		"to, inclusive":        {catalog.Filter{PriceMax: &high}, []int64{ids[1], ids[0]}},
		"exactly":              {catalog.Filter{PriceMin: &low, PriceMax: &high}, []int64{ids[1]}},
		"before":               {catalog.Filter{After: find.Position{ID: ids[1]}}, []int64{ids[0]}},
		"everything at a time": {catalog.Filter{UserID: user, PriceMin: &low, Name: "n", After: find.Position{ID: ids[2] + 1}}, []int64{ids[2], ids[1]}},
	}
	for name, tt := range tests {
		tt.filter.Limit = 10
		if got := listed(t, s, tt.filter); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// testListBytes: a list ends with the product that goes beyond the bytes,
// whatever it is filtered by.
func testListBytes(t *testing.T, s catalog.Store) {
	t.Helper()
	var ids []int64
	for i, text := range []string{"", "äöü", strings.Repeat("😀", 10_000), "x", strings.Repeat("y", 500), "z"} {
		p, err := s.CreateProduct(t.Context(), catalog.NewProduct{
			UserID: user, Name: "né", Description: text, Price: catalog.Price(i), // the name has three bytes
		})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID)
	}
	slices.Reverse(ids)
	for most, want := range map[int][]int64{
		0:       ids, // no bound
		1:       ids[:1],
		4:       ids[:2], // the first has just so many
		506:     ids[:2],
		507:     ids[:3],
		511:     ids[:4],
		40_514:  ids[:5],
		40_523:  ids,
		1 << 30: ids,
	} {
		high := catalog.Price(10)
		for _, f := range []catalog.Filter{{}, {UserID: user}, {Name: "n", PriceMax: &high}} {
			f.Limit, f.MaxBytes = 10, most
			if got := listed(t, s, f); !slices.Equal(got, want) {
				t.Errorf("at most %d bytes, %+v: %v, want %v", most, f, got, want)
			}
		}
	}
	if got := listed(t, s, catalog.Filter{After: find.Position{ID: ids[1]}, Limit: 2, MaxBytes: 4}); !slices.Equal(got, ids[2:4]) {
		t.Errorf("from the middle: %v, want %v", got, ids[2:4])
	}
}

func listed(t *testing.T, s catalog.Store, f catalog.Filter) []int64 {
	t.Helper()
	list, _, err := s.ListProducts(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if list == nil {
		t.Error("an empty list must not be nil")
	}
	var ids []int64
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	return ids
}

func testSearch(t *testing.T, s catalog.Store) {
	t.Helper()
	names := []string{"Große Straße", "ΑΘΗΝΑ", "100% cotton", "100 cotton", "snake_case", "snakeXcase", `back\slash`, "İstanbul"}
	ids := map[string]int64{}
	for _, name := range names {
		p, err := s.CreateProduct(t.Context(), catalog.NewProduct{UserID: user, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = p.ID
	}
	for search, want := range map[string][]string{
		"STRASSE": {"Große Straße"}, "grosse": {"Große Straße"}, "αθηνα": {"ΑΘΗΝΑ"},
		"0%": {"100% cotton"}, "%": {"100% cotton"}, "_": {"snake_case"}, "E_C": {"snake_case"},
		"ISTANBUL": {"İstanbul"}, "İSTANBUL": {"İstanbul"}, "αθήν": {"ΑΘΗΝΑ"},
		`\`: {`back\slash`}, "COTTON": {"100 cotton", "100% cotton"}, "nothing": nil, "' OR 1=1": nil,
	} {
		var wantIDs []int64
		for _, name := range want {
			wantIDs = append(wantIDs, ids[name])
		}
		slices.SortFunc(wantIDs, func(a, b int64) int { return int(b - a) })
		if got := listed(t, s, catalog.Filter{Name: search, Limit: 10}); !slices.Equal(got, wantIDs) {
			t.Errorf("search for %q found %v, want %v", search, got, wantIDs)
		}
	}
}

func testPaging(t *testing.T, s catalog.Store) {
	t.Helper()
	want := map[int64]bool{}
	for range 25 {
		want[create(t, s).ID] = true
	}
	before := int64(0)
	for {
		page := listed(t, s, catalog.Filter{After: find.Position{ID: before}, Limit: 7})
		if len(page) == 0 {
			break
		}
		for _, id := range page {
			if !want[id] {
				t.Fatalf("id %d came twice or from nowhere", id)
			}
			delete(want, id)
			before = id
		}
		create(t, s) // newer ones do not disturb the pages
	}
	if len(want) != 0 {
		t.Errorf("never listed: %v", want)
	}
}
