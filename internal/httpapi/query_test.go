package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/httpapi"
)

// reachable is a path that a route of that pattern answers.
func reachable(pattern string) string {
	return strings.NewReplacer("{id}", "101", "{image_id}", "1", "{key...}", "aa", "{key}", "aa").Replace(pattern)
}

// TestUnknownParameters: every route names the query parameters that it does
// not know, and does nothing.
func TestUnknownParameters(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	path := s.create(with("", ""))
	for _, route := range httpapi.Routes() {
		method, target := route[0], strings.Replace(reachable(route[1]), "/products/101", path, 1)
		for _, query := range []string{"nope=7", "nope=1&nope=2", "nope", "nope="} {
			p := wantProblem(t, s.do(method, target+"?"+query, `{"all":true}`), http.StatusUnprocessableEntity)
			if !slices.ContainsFunc(p.errors(), func(fault string) bool {
				return strings.HasPrefix(fault, "nope is not a known query parameter; this path has ")
			}) {
				t.Errorf("%s %s?%s: %v", method, target, query, p.errors())
			}
		}
		wantProblem(t, s.do(method, target+"?a=%", "{}"), http.StatusBadRequest)
		if method == http.MethodGet {
			wantStatus(t, s.do(http.MethodHead, target+"?nope=7", ""), http.StatusUnprocessableEntity)
		}
	}
	wantStatus(t, s.do(http.MethodGet, path, ""), http.StatusOK)
	wantProblem(t, s.do(http.MethodGet, "/nothing?nope=7", ""), http.StatusNotFound)
	wantProblem(t, s.do(http.MethodPut, "/products?nope=7", ""), http.StatusMethodNotAllowed)
}

// TestDescribedParameters: the parameters in the description are those that
// are understood, each once.
func TestDescribedParameters(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string } `json:"parameters"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(s.do(http.MethodGet, "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	described := 0
	for path, operations := range doc.Paths {
		for method, op := range operations {
			method, target := strings.ToUpper(method), reachable(path)
			var names []string
			for _, p := range op.Parameters {
				if p.In == "query" {
					names = append(names, p.Name)
				}
			}
			want := "nope is not a known query parameter; this path has " + strings.Join(names, ", ")
			if len(names) == 0 {
				want = "nope is not a known query parameter; this path has none"
			}
			p := wantProblem(t, s.do(method, target+"?nope=7", "{}"), http.StatusUnprocessableEntity)
			if !slices.Contains(p.errors(), want) {
				t.Errorf("%s %s: %v, want %q", method, path, p.errors(), want)
			}
			for _, name := range names {
				described++
				w := s.do(method, target+"?"+name+"=", "{}")
				if strings.Contains(w.Body.String(), "is not a known") {
					t.Errorf("%s %s?%s: %s", method, path, name, w.Body)
				}
				p := wantProblem(t, s.do(method, target+"?"+name+"=1&"+name+"=1", "{}"), http.StatusUnprocessableEntity)
				if !slices.Contains(p.errors(), name+" must be given only once") {
					t.Errorf("%s %s: %s twice: %v", method, path, name, p.errors())
				}
			}
		}
	}
	if described < 14 {
		t.Errorf("%d parameters are described", described)
	}
}
