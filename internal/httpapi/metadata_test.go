package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestExternalIDAndMetadata(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	extended := func(external, metadata string) string {
		return fmt.Sprintf(`{"user_id":1,"product_name":"Lamp","product_price":1,"external_id":%s,"metadata":%s}`, external, metadata)
	}
	path := s.create(extended(`"SKU/1"`, `{"b":"2","a":"<1>"}`))
	has := func(what, body string) {
		t.Helper()
		for _, target := range []string{path, "/products?user_id=1&product_name=lamp"} {
			if w := s.do(http.MethodGet, target, ""); !strings.Contains(w.Body.String(), body) {
				t.Errorf("%s: %s answers %s, want %s", what, target, w.Body, body)
			}
		}
	}
	has("created", `"external_id":"SKU/1","metadata":{"a":"<1>","b":"2"}`)
	change := func(patch string) {
		t.Helper()
		wantStatus(t, s.do(http.MethodPatch, path, patch, "Content-Type", "application/merge-patch+json"), http.StatusOK)
	}
	change(`{"metadata":{"a":null,"c":""}}`)
	has("merged", `"external_id":"SKU/1","metadata":{"b":"2","c":""}`)

	second := s.create(extended(`null`, `null`))
	for what, w := range map[string]func() problem{
		"create": func() problem {
			return wantProblem(t, s.do(http.MethodPost, "/products", extended(`"SKU/1"`, `{}`)), http.StatusConflict)
		},
		"patch": func() problem {
			return wantProblem(t, s.do(http.MethodPatch, second, `{"external_id":"SKU/1"}`), http.StatusConflict)
		},
	} {
		p := w()
		if got := p.errors(); !slices.Equal(got, []string{"external_id is taken by another product of the user"}) || p.Detail == "" {
			t.Errorf("%s: %q, %v", what, p.Detail, got)
		}
	}
	change(`{"external_id":null,"metadata":null}`)
	if w := s.do(http.MethodGet, path, ""); strings.Contains(w.Body.String(), "external_id") || strings.Contains(w.Body.String(), "metadata") {
		t.Errorf("removed: %s", w.Body)
	}
	wantStatus(t, s.do(http.MethodPatch, second, `{"external_id":"SKU/1"}`), http.StatusOK) // it is free
}

func TestExternalIDAndMetadataRefused(t *testing.T) {
	t.Parallel()
	many := `{` + strings.Repeat(`"k":"v",`, 100) + `"l":"v"}`
	for field, want := range map[string][]string{
		`"external_id":""`:               {"external_id must not be empty"},
		`"external_id":7`:                {"external_id must be a string, not a number"},
		`"external_id":" "`:              {"external_id must not be empty"},
		`"metadata":[]`:                  {"metadata must be an object, not an array"},
		`"metadata":"{}"`:                {"metadata must be an object, not a string"},
		`"metadata":{"a.b":1,"c":["x"]}`: {"metadata.a.b must be a string, not a number", "metadata.c must be a string, not an array"},
		`"metadata":{"a":"1","a":"2"}`:   {"metadata.a must be given only once"},
		`"metadata":{"\ud800":"1"}`:      {"metadata.\ufffd has a key that must be valid UTF-8: it has half of a surrogate pair"},
		`"metadata":{"a":"\ud800"}`:      {"metadata.a must be valid UTF-8: it has half of a surrogate pair"},
		`"metadata":{"":"1"}`:            {"metadata. has a key that must not be empty"},
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			path := s.create(lamp)
			for method, target := range map[string]string{http.MethodPost: "/products", http.MethodPatch: path} {
				body := "{" + field + "}"
				if method == http.MethodPost {
					body = strings.TrimSuffix(lamp, "}") + "," + field + "}"
				}
				p := wantProblem(t, s.do(method, target, body), http.StatusUnprocessableEntity)
				if got := p.errors(); !slices.Equal(got, want) {
					t.Errorf("%s: %q, want %q", method, got, want)
				}
			}
		})
	}
	s := newSetup(t)
	path := s.create(lamp)
	for body, want := range map[string]string{
		`{"metadata":` + many + `}`: "metadata must have at most 100 pairs, has 101",
	} {
		p := wantProblem(t, s.do(http.MethodPatch, path, body), http.StatusUnprocessableEntity)
		if !slices.Contains(p.errors(), want) {
			t.Errorf("errors %q, want %q", p.errors(), want)
		}
	}
	p := wantProblem(t, s.do(http.MethodPatch, path, `{"metadata":{"a/~b":1}}`), http.StatusUnprocessableEntity)
	if len(p.Errors) != 1 || p.Errors[0].Pointer == nil || *p.Errors[0].Pointer != "/metadata/a~1~0b" {
		t.Errorf("errors %+v", p.Errors)
	}
}

// TestTimesOfProducts: RFC 3339 in UTC.
func TestTimesOfProducts(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	p := gallery()
	p.CreatedAt, p.UpdatedAt = time.UnixMilli(1_800_000_000_123).UTC(), time.UnixMilli(1_800_000_001_000).UTC()
	s.store.Put(p)
	const want = `"created_at":"2027-01-15T08:00:00.123Z","updated_at":"2027-01-15T08:00:01Z"`
	if w := s.do(http.MethodGet, "/products/7", ""); !strings.Contains(w.Body.String(), want) {
		t.Errorf("%s has not %s", w.Body, want)
	}
}
