package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

func lamp() catalog.Draft {
	return catalog.Draft{UserID: 1, Name: "Lamp", Description: "Bright", Price: 950, Images: []string{"https://a/1", "https://a/2"}}
}

func TestCreateOnce(t *testing.T) {
	t.Parallel()
	s := newSetup()
	first, err := s.service.CreateOnce(t.Context(), auth.Everyone(), lamp(), "k")
	if err != nil || first.Replayed || first.Version != 1 {
		t.Fatalf("first = %+v, %v", first, err)
	}
	again, err := s.service.CreateOnce(t.Context(), auth.Everyone(), lamp(), "k")
	if want := (catalog.Creation{ProductID: first.ProductID, Version: 1, Revision: 1, Replayed: true}); err != nil || again != want {
		t.Errorf("again = %+v, %v, want %+v", again, err, want)
	}
	// The replay is announced too: it acknowledges the product at this instance.
	if len(s.announced) != 2 || s.announced[0] != s.announced[1] || s.announced[1].ProductID != first.ProductID || !s.announced[1].Edit {
		t.Errorf("announced %+v", s.announced)
	}
	if err := s.service.Delete(t.Context(), auth.Everyone(), first.ProductID, nil); err != nil {
		t.Fatal(err)
	}
	if gone, err := s.service.CreateOnce(t.Context(), auth.Everyone(), lamp(), "k"); err != nil || gone != again {
		t.Errorf("after the delete = %+v, %v", gone, err)
	}
	other := lamp()
	other.UserID = 2
	if c, err := s.service.CreateOnce(t.Context(), auth.Everyone(), other, "k"); err != nil || c.Replayed {
		t.Errorf("the key of another user = %+v, %v", c, err)
	}
}

func TestKeyOfAnotherDraft(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*catalog.Draft){
		"name":              func(d *catalog.Draft) { d.Name = "lamp" },
		"description":       func(d *catalog.Draft) { d.Description = "" },
		"price":             func(d *catalog.Draft) { d.Price++ },
		"no images":         func(d *catalog.Draft) { d.Images = nil },
		"order of images":   func(d *catalog.Draft) { d.Images = []string{"https://a/2", "https://a/1"} },
		"another image":     func(d *catalog.Draft) { d.Images[1] = "https://a/3" },
		"text moved across": func(d *catalog.Draft) { d.Name, d.Description = "LampB", "right" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup()
			if _, err := s.service.CreateOnce(t.Context(), auth.Everyone(), lamp(), "k"); err != nil {
				t.Fatal(err)
			}
			d := lamp()
			change(&d)
			_, err := s.service.CreateOnce(t.Context(), auth.Everyone(), d, "k")
			if !errors.Is(err, catalog.ErrKeyReused) || fault.KindOf(err) != fault.Invalid {
				t.Errorf("error = %v", err)
			}
			if s.store.Len() != 1 {
				t.Errorf("%d products", s.store.Len())
			}
		})
	}
}

func TestRefusedDraftTakesNoKey(t *testing.T) {
	t.Parallel()
	s := newSetup()
	bad := lamp()
	bad.Price, bad.UserID = -1, 3
	_, err := s.service.CreateOnce(t.Context(), auth.Everyone(), bad, "k")
	wantFields(t, err, catalog.FieldPrice, catalog.FieldUserID)
	unknown := lamp()
	unknown.UserID = 3
	_, err = s.service.CreateOnce(t.Context(), auth.Everyone(), unknown, "k")
	wantFields(t, err, catalog.FieldUserID)
	if c, err := s.service.CreateOnce(t.Context(), auth.Everyone(), lamp(), "k"); err != nil || c.Replayed {
		t.Errorf("the corrected draft = %+v, %v", c, err)
	}
}

func TestValidKey(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]bool{
		"": false, "k": true, "a ~": true, strings.Repeat("x", 255): true, strings.Repeat("x", 256): false,
		"a\tb": false, "a\x7f": false, "ü": false, "a\x00": false,
	} {
		if got := catalog.ValidKey(key); got != want {
			t.Errorf("ValidKey(%q) = %v", key, got)
		}
		_, err := newSetup().service.CreateOnce(t.Context(), auth.Everyone(), lamp(), key)
		if (err == nil) != want || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("CreateOnce under %q: %v", key, err)
		}
	}
}
