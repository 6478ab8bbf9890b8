package httpapi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// TestExamples: every type, field, parameter, header and body has an example, or says itself
// what it may be, and every example is right by its schema.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, wrong := range newExamples(t, newSetup(t).do("GET", "/openapi.json", "").Body.Bytes()).faults() {
		t.Error(wrong)
	}
}

// TestWrongExamplesAreFound makes sure that the check above can fail.
func TestWrongExamplesAreFound(t *testing.T) {
	t.Parallel()
	const description = `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/x":{"get":{
		"parameters":[{"name":"none","in":"query","schema":{"type":"string"}},{"name":"wrong","in":"query","schema":{"type":"integer","examples":["1"]}}],
		"responses":{"200":{"description":"d","headers":{"None":{"schema":{"type":"string"}}},"content":{
			"text/csv":{"schema":{"type":"string"}},"application/json":{"schema":{"$ref":"#/components/schemas/X"},"example":{"a":1,"b":"no"}}}}}}}},
		"components":{"schemas":{
			"X":{"type":"object","required":["a"],"properties":{"a":{"type":"integer"},"b":{"type":"string","format":"date-time"}},"examples":[{"b":"2026-11-02T09:30:00Z"}]},
			"Y":{"type":"object","properties":{"c":{"type":"boolean"},"d":{"type":"array","items":{"type":"string"}}}}}}}`
	got := newExamples(t, []byte(description)).faults()
	want := []string{
		"GET /x 200 None has no example", "GET /x 200 application/json: wrong example", "GET /x 200 text/csv has no example",
		"GET /x none has no example", "GET /x wrong: wrong example", "X.a has no example", "X: wrong example", "Y has no example", "Y.d has no example",
	}
	for i := range got {
		if head, _, long := strings.Cut(got[i], " by its schema"); long {
			got[i] = head
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("faults:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// examples looks for the examples of a description.
type examples struct {
	model     *v3.Document
	validator schema_validation.SchemaValidator
	list      []string // of what is wrong
}

func newExamples(t *testing.T, description []byte) *examples {
	t.Helper()
	document, err := libopenapi.NewDocument(description)
	if err != nil {
		t.Fatal(err)
	}
	model, err := document.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	return &examples{model: &model.Model, validator: schema_validation.NewSchemaValidator(config.WithFormatAssertions())}
}

// faults are sorted.
func (e *examples) faults() []string {
	for name, proxy := range e.model.Components.Schemas.FromOldest() {
		schema := proxy.Schema()
		look(e, name, proxy, schema.Example)
		for property, proxy := range schema.Properties.FromOldest() {
			look(e, name+"."+property, proxy, proxy.Schema().Example)
		}
	}
	for path, item := range e.model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			at := strings.ToUpper(method) + " " + path + " "
			for _, p := range op.Parameters {
				look(e, at+p.Name, p.Schema, p.Example)
			}
			if op.RequestBody != nil {
				for name, media := range op.RequestBody.Content.FromOldest() {
					look(e, at+name, media.Schema, media.Example)
				}
			}
			for code, response := range op.Responses.Codes.FromOldest() {
				for name, header := range response.Headers.FromOldest() {
					look(e, at+code+" "+name, header.Schema, header.Example)
				}
				for name, media := range response.Content.FromOldest() {
					look(e, at+code+" "+name, media.Schema, media.Example)
				}
			}
		}
	}
	slices.Sort(e.list)
	return e.list
}

// node is an example, as the description has it.
type node interface {
	comparable
	Decode(to any) error
}

// look checks the examples of a schema, and the one that may stand beside it. Those of a
// schema that is referred to are looked at under its name.
func look[N node](e *examples, at string, proxy *base.SchemaProxy, beside N) {
	var none N
	if proxy.IsReference() && beside == none {
		return
	}
	schema := proxy.Schema()
	decode := make([]func(any) error, 0, len(schema.Examples)+1)
	if !proxy.IsReference() {
		for _, example := range schema.Examples {
			decode = append(decode, example.Decode)
		}
	}
	if beside != none {
		decode = append(decode, beside.Decode)
	}
	if len(decode) == 0 && !plain(schema) {
		e.list = append(e.list, at+" has no example")
	}
	for _, d := range decode {
		var value any
		if err := d(&value); err != nil {
			e.list = append(e.list, at+": "+err.Error())
			continue
		}
		_, wrong := e.validator.ValidateSchemaObject(schema, value)
		for _, fault := range wrong {
			e.list = append(e.list, at+": wrong example by its schema: "+fault.Error())
		}
	}
}

// plain reports whether a reader needs no example to know what a value may be.
func plain(s *base.Schema) bool {
	if s.Items != nil && s.Items.IsA() {
		entry := s.Items.A
		return entry.IsReference() || len(entry.Schema().Examples) > 0 || plain(entry.Schema())
	}
	return len(s.Enum) > 0 || s.Default != nil || len(s.OneOf) > 0 && len(s.Type) == 0 ||
		slices.Contains(s.Type, "boolean") || slices.Contains([]string{"date-time", "binary"}, s.Format)
}
