package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/httpapi"
)

// What is looked for in the description as a client reads it.
type (
	namedText struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	styledOperation struct {
		OperationID string                     `json:"operationId"`
		Summary     string                     `json:"summary"`
		Description string                     `json:"description"`
		Tags        []string                   `json:"tags"`
		Security    *[]map[string][]string     `json:"security"`
		Parameters  []namedText                `json:"parameters"`
		RequestBody *namedText                 `json:"requestBody"`
		Responses   map[string]json.RawMessage `json:"responses"`
	}
	styledDescription struct {
		OpenAPI string `json:"openapi"`
		Info    struct {
			Description string
			Contact     map[string]string
			License     map[string]string
		} `json:"info"`
		Servers    []map[string]string                   `json:"servers"`
		Tags       []namedText                           `json:"tags"`
		Paths      map[string]map[string]styledOperation `json:"paths"`
		Components struct {
			Schemas         map[string]namedText `json:"schemas"`
			SecuritySchemes map[string]namedText `json:"securitySchemes"`
		} `json:"components"`
	}
)

// TestDescriptionIsComplete: the rules of the linters that matter to readers, with
// nothing to install. make interop runs the linters.
func TestDescriptionIsComplete(t *testing.T) {
	t.Parallel()
	var d styledDescription
	if err := json.Unmarshal(newSetup(t).do(http.MethodGet, "/openapi.json", "").Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range d.faults() {
		t.Error(wrong)
	}
	for name := range httpapi.Schemas() {
		if _, there := d.Components.Schemas[name]; !there {
			t.Errorf("%s is described, and no schema", name)
		}
	}
}

// TestIncompleteDescriptionIsFound makes sure that the check above can fail.
func TestIncompleteDescriptionIsFound(t *testing.T) {
	t.Parallel()
	var d styledDescription
	d.Paths = map[string]map[string]styledOperation{"/x": {"get": {Tags: []string{"x"}, Parameters: []namedText{{Name: "p"}}, RequestBody: &namedText{}}}}
	d.Tags = []namedText{{Name: "z"}, {Name: "a"}}
	d.Components.Schemas = map[string]namedText{"X": {}}
	if got := d.faults(); len(got) != 15 {
		t.Errorf("%d faults, want 15: %s", len(got), strings.Join(got, "\n"))
	}
}

// faults are what is missing.
func (d styledDescription) faults() (list []string) {
	want := func(ok bool, what string) {
		if !ok {
			list = append(list, what)
		}
	}
	want(strings.HasPrefix(d.OpenAPI, "3.1."), "it is not OpenAPI 3.1")
	want(d.Info.Description != "" && d.Info.Contact["name"] != "" && d.Info.License["url"] != "", "info has no description, contact or license")
	want(len(d.Servers) > 0, "there are no servers")
	want(len(d.Components.SecuritySchemes) > 0, "there are no security schemes")
	want(slices.IsSortedFunc(d.Tags, func(a, b namedText) int { return strings.Compare(a.Name, b.Name) }), "tags are not in order")
	used, ids := map[string]bool{}, map[string]bool{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			at := strings.ToUpper(method) + " " + path + ": "
			want(op.OperationID != "" && !ids[op.OperationID], at+"no operationId of its own")
			want(op.Summary != "" && op.Description != "", at+"no summary or no description")
			want(op.Security != nil, at+"does not say whether it needs a key")
			ids[op.OperationID] = true
			want(len(op.Tags) == 1 && slices.ContainsFunc(d.Tags, func(tag namedText) bool { return tag.Name == op.Tags[0] }), at+"not one of the tags")
			for _, tag := range op.Tags {
				used[tag] = true
			}
			for _, p := range op.Parameters {
				want(p.Description != "", at+"parameter "+p.Name+" without description")
			}
			want(op.RequestBody == nil || op.RequestBody.Description != "", at+"body without description")
			refused := false
			for code := range op.Responses {
				refused = refused || strings.HasPrefix(code, "4")
			}
			want(refused, at+"no answer to a wrong request")
		}
	}
	for _, tag := range d.Tags {
		want(tag.Description != "" && used[tag.Name], "tag "+tag.Name+" without description or operation")
	}
	for name, schema := range d.Components.Schemas {
		want(schema.Description != "", "schema "+name+" without description")
	}
	return list
}
