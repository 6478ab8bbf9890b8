package catalog_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

func TestExternalIDAndMetadataRules(t *testing.T) {
	t.Parallel()
	pairs := func(n int) catalog.Metadata {
		m := catalog.Metadata{}
		for i := range n {
			m[strconv.Itoa(i)] = "v"
		}
		return m
	}
	long := strings.Repeat("é", 40)
	for name, tc := range map[string]struct {
		external string
		metadata catalog.Metadata
		want     []string
	}{
		"none":             {},
		"the longest":      {strings.Repeat("ü", 200), catalog.Metadata{long: strings.Repeat("ü", 500), ".[]/~ ü": ""}, nil},
		"long id":          {strings.Repeat("x", 201), nil, []string{"external_id"}},
		"invisible id":     {"\u200b ", nil, []string{"external_id"}},
		"NUL in the id":    {"a\x00", nil, []string{"external_id"}},
		"50 pairs":         {"", pairs(50), nil},
		"51 pairs":         {"", pairs(51), []string{"metadata"}},
		"long key":         {"", catalog.Metadata{long + "é": ""}, []string{"metadata." + long + "é"}},
		"empty key":        {"", catalog.Metadata{"": "x"}, []string{"metadata."}},
		"long value":       {"", catalog.Metadata{"k": strings.Repeat("x", 501), "l": ""}, []string{"metadata.k"}},
		"NUL in the value": {"", catalog.Metadata{"k": "\x00"}, []string{"metadata.k"}},
		"no UTF-8":         {"\xff", catalog.Metadata{"k": "\xff"}, []string{"external_id", "metadata.k"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup()
			d := lamp()
			d.ExternalID, d.Metadata = tc.external, tc.metadata
			p, err := s.service.Create(t.Context(), auth.Everyone(), d)
			if tc.want != nil {
				wantFields(t, err, tc.want...)
				return
			}
			if err != nil || p.ExternalID != tc.external || !maps.Equal(p.Metadata, tc.metadata) {
				t.Errorf("created %+v, %v", p, err)
			}
		})
	}
}

func TestMetadataPatch(t *testing.T) {
	t.Parallel()
	s := newSetup()
	d := lamp()
	d.ExternalID, d.Metadata = "SKU", catalog.Metadata{"a": "1", "b": "2"}
	p, err := s.service.Create(t.Context(), auth.Everyone(), d)
	if err != nil {
		t.Fatal(err)
	}
	version := p.Version
	for _, step := range []struct {
		patch catalog.MetadataPatch
		want  catalog.Metadata
		same  bool
	}{
		{catalog.MetadataPatch{}, d.Metadata, true},
		{catalog.MetadataPatch{"a": new("1"), "z": nil}, d.Metadata, true},
		{catalog.MetadataPatch{"a": nil, "c": new("")}, catalog.Metadata{"b": "2", "c": ""}, false},
		{catalog.MetadataPatch{"b": nil, "c": nil}, nil, false},
		{nil, nil, true},
		{catalog.MetadataPatch{"d": new("4")}, catalog.Metadata{"d": "4"}, false},
		{nil, nil, false},
	} {
		p, err = s.service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Metadata: &step.patch}, nil)
		if !step.same {
			version++
		}
		if err != nil || !maps.Equal(p.Metadata, step.want) || p.Version != version || p.ExternalID != "SKU" {
			t.Errorf("after %v: %+v at version %d, want %v at %d: %v", step.patch, p.Metadata, p.Version, step.want, version, err)
		}
	}
	// Of too many pairs only what results is counted: fifty, and then one more.
	full := catalog.MetadataPatch{}
	for i := range catalog.MaxMetadataPairs {
		full[strconv.Itoa(i)] = new("v")
	}
	if _, err := s.service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Metadata: &full}, nil); err != nil {
		t.Fatal(err)
	}
	_, err = s.service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Metadata: &catalog.MetadataPatch{"more": new("v")}}, nil)
	wantFields(t, err, catalog.FieldMetadata)
	if _, err = s.service.Change(t.Context(), auth.Everyone(), p.ID, catalog.Patch{Metadata: &catalog.MetadataPatch{"more": new("v"), "0": nil}}, nil); err != nil {
		t.Error(err)
	}
}

// TestExternalIDTaken also with an idempotency key, which another external id is another
// product for.
func TestExternalIDTaken(t *testing.T) {
	t.Parallel()
	s := newSetup()
	d := lamp()
	d.ExternalID = "SKU"
	if _, err := s.service.CreateOnce(t.Context(), auth.Everyone(), d, "k"); err != nil {
		t.Fatal(err)
	}
	if again, err := s.service.CreateOnce(t.Context(), auth.Everyone(), d, "k"); err != nil || !again.Replayed {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	_, err := s.service.CreateOnce(t.Context(), auth.Everyone(), d, "l")
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("error = %v", err)
	}
	for _, change := range []func(*catalog.Draft){
		func(d *catalog.Draft) { d.ExternalID = "SKU2" },
		func(d *catalog.Draft) { d.Metadata = catalog.Metadata{"a": ""} },
	} {
		other := d
		change(&other)
		if _, err := s.service.CreateOnce(t.Context(), auth.Everyone(), other, "k"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("the key for another product: %v", err)
		}
	}
}
