package openapi

import (
	"net/http"
	"path"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/httpkit"
)

// Document is a description in the making. It is complete, and safe for
// concurrent use, once every operation was added.
type Document struct {
	doc  *huma.OpenAPI
	json func() ([]byte, error)
	yaml func() ([]byte, error)
}

// New returns a Document without operations. names are the schemas that are not
// called as their types are.
func New(info huma.Info, names map[reflect.Type]string) *Document {
	types := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		if name, renamed := names[t]; renamed {
			return name
		}
		return huma.DefaultSchemaNamer(t, hint)
	})
	doc := &huma.OpenAPI{OpenAPI: "3.1.0", Info: &info, Servers: []*huma.Server{{URL: "/", Description: "Where this description was read"}}, Components: &huma.Components{Schemas: types, Responses: make(map[string]*huma.Response), SecuritySchemes: map[string]*huma.SecurityScheme{
		apiKey: {Type: "http", Scheme: "bearer", BearerFormat: "API key", Description: "Where authentication is on, as Authorization: Bearer. Each scope that an operation names is enough, and admin is for every operation"},
	}}}

	d := &Document{doc: doc, json: sync.OnceValues(doc.MarshalJSON), yaml: sync.OnceValues(doc.YAML)}
	code := Property[httpkit.Problem](d, "code")
	for _, kind := range httpkit.ProblemKinds() {
		code.Enum = append(code.Enum, kind.Name)
	}
	return d
}

// Tag describes a group of operations.
func (d *Document) Tag(name, text string) {
	d.doc.Tags = append(d.doc.Tags, &huma.Tag{Name: name, Description: text})
}

// DescribeSchemas gives schemas their descriptions, by name.
func (d *Document) DescribeSchemas(texts map[string]string) {
	for name, schema := range d.doc.Components.Schemas.Map() {
		if schema.Description == "" {
			schema.Description = texts[name]
		}
	}
}

// Add adds an operation with its query parameters, HEAD included in GET as in
// HTTP. One that is not Authenticated is said to need no key.
func (d *Document) Add(method, path string, query []*huma.Param, op *huma.Operation) {
	op.Method, op.Path, op.Parameters = method, path, append(op.Parameters, query...)
	op.Responses = d.withProblems(op.Responses, http.StatusBadRequest, http.StatusUnprocessableEntity) // for its query
	if op.Security == nil {
		op.Security = []map[string][]string{}
	}
	d.doc.AddOperation(op)
}

// apiKey is the name of the scheme by which requests are authenticated.
const apiKey = "apiKey"

// Authenticated adds to an operation the parameters of whom a request acts for, and what
// answers a request that may not be answered.
func (d *Document) Authenticated(op *huma.Operation, scopes []string, parameters []*huma.Param) {
	for _, scope := range scopes {
		op.Security = append(op.Security, map[string][]string{apiKey: {scope}})
	}
	op.Parameters = append(op.Parameters, parameters...)
	op.Responses = d.Responses(op.Responses, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusMisdirectedRequest, http.StatusTooManyRequests)
}

// Serve answers with the description, in YAML where the path ends so.
func (d *Document) Serve(w http.ResponseWriter, r *http.Request) error {
	encoded, contentType := d.json, "application/openapi+json"
	if path.Ext(r.URL.Path) == ".yaml" {
		encoded, contentType = d.yaml, "application/openapi+yaml"
	}
	body, err := encoded()
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	httpkit.Write(w, http.StatusOK, contentType, body)
	return nil
}
