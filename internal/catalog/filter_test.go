package catalog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/fault"
)

func TestFilterRules(t *testing.T) {
	t.Parallel()
	low, high := Price(1), Price(2)
	for name, tc := range map[string]struct {
		filter Filter
		want   []fault.Field
	}{
		"none":        {Filter{}, fields(FieldUserID, "is required")},
		"only user":   {Filter{UserID: 1}, nil},
		"all":         {Filter{UserID: 1, PriceMin: &low, PriceMax: &high, Name: "x", After: find.Position{ID: 5}, Limit: MaxListLimit}, nil},
		"equal":       {Filter{UserID: 1, PriceMin: &low, PriceMax: &low}, nil},
		"user":        {Filter{UserID: -1}, fields(FieldUserID, "must be an integer from 1 to 9007199254740991")},
		"limit":       {Filter{UserID: 1, Limit: MaxListLimit + 1}, fields("limit", "must be from 1 to 1000")},
		"negative":    {Filter{UserID: 1, Limit: -1}, fields("limit", "must be from 1 to 1000")},
		"long name":   {Filter{UserID: 1, Name: strings.Repeat("x", 201)}, fields(FieldName, "must have at most 200 characters")},
		"NUL":         {Filter{UserID: 1, Name: "\x00"}, fields(FieldName, "must not contain a NUL character")},
		"broken":      {Filter{UserID: 1, Name: "\xff"}, fields(FieldName, "must be valid UTF-8")},
		"upside down": {Filter{UserID: 1, PriceMin: &high, PriceMax: &low}, fields("price_min", "must not be greater than price_max")},
		"query":       {Filter{UserID: 1, Query: strings.Repeat("é", 201)}, fields("q", "must have at most 200 characters")},
		"sort":        {Filter{UserID: 1, Sort: "Price"}, fields("sort", "must be one of newest, oldest, updated, price, -price, name")},
		"status":      {Filter{UserID: 1, ImageStatus: Processing}, fields("image_status", "must be one of pending, ready, failed")},
		"host":        {Filter{UserID: 1, SourceHost: "https://a.example/"}, fields("source_host", "must be the host of a URL, such as example.com")},
		"long host":   {Filter{UserID: 1, SourceHost: strings.Repeat("x", 260)}, fields("source_host", "must be the host of a URL, such as example.com")},
		"a port":      {Filter{UserID: 1, SourceHost: "[2001:db8::1]:8443"}, nil},
		"external id": {Filter{UserID: 1, ExternalID: "a\x00"}, fields("external_id", "must not contain a NUL character")},
		"form":        {Filter{UserID: 1, FieldErrors: fields("cursor", "is odd"), Limit: -1}, fields("cursor", "is odd", "limit", "must be from 1 to 1000")},
	} {
		var f *fault.Error
		err := tc.filter.check()
		if tc.want == nil {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if !asFault(err, &f) || f.Kind != fault.Invalid || !slices.Equal(f.Fields, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	zero, one := Price(0), Price(1)
	different := []Filter{
		{},
		{UserID: 1},
		{PriceMin: &zero},
		{PriceMax: &zero},
		{PriceMin: &one},
		{Name: "a"},
		{Name: "a|"},
		{After: find.Position{ID: 1}},
		{Limit: 1},
		{After: find.Position{ID: 1, Number: 1}},
		{After: find.Position{ID: 1, Text: "a"}},
		{Query: "a"},
		{Query: "abc"},
		{Name: "abc"},
		{ExternalID: "a"},
		{Sort: find.Updated},
		{Sort: find.Oldest},
		{ImageStatus: Failed},
		{SourceHost: "a"},
		{SourceHost: "abc"},
		{UpdatedAfter: time.UnixMilli(0)},
		{UpdatedAfter: time.UnixMilli(1)},
	}
	seen := map[string]int{}
	for i, f := range different {
		if j, twice := seen[f.fingerprint("")]; twice {
			t.Errorf("%+v and %+v share a page", f, different[j])
		}
		seen[f.fingerprint("")] = i
	}
	if (Filter{Name: "STRASSE"}).fingerprint("") != (Filter{Name: "straße"}).fingerprint("") {
		t.Error("equal names do not share a page")
	}
	if (Filter{UserID: 1}).fingerprint("a") == (Filter{UserID: 1}).fingerprint("b") {
		t.Error("two forms share a page")
	}
}
