package httpapi

import (
	"net/http"
	"path"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
)

// description is the OpenAPI 3.1 description, generated from the table of
// routes and the types of the answers.
type description struct {
	doc  *huma.OpenAPI
	json func() ([]byte, error)
	yaml func() ([]byte, error)
}

func newDescription() *description {
	types := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	types.RegisterTypeAlias(reflect.TypeFor[catalog.Price](), reflect.TypeFor[priceAnswer]())
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Vitrine", Version: "1.0.0", License: &huma.License{Name: "MIT", Identifier: "MIT"},
			Description: "Products in, compressed images out. Every error is an RFC 9457 problem.",
		},
		Components: &huma.Components{Schemas: types},
	}
	return &description{doc: doc, json: sync.OnceValues(doc.MarshalJSON), yaml: sync.OnceValues(doc.YAML)}
}

// add describes a route, HEAD included in GET as in HTTP.
func (d *description) add(rt route) {
	if rt.describe == nil {
		return
	}
	op := rt.describe(d)
	op.Parameters = append(op.Parameters, rt.query...)
	op.Responses = d.answers(op.Responses, http.StatusBadRequest, http.StatusUnprocessableEntity) // for its query
	op.Method, op.Path = rt.method, strings.ReplaceAll(rt.path, "...}", "}")
	d.doc.AddOperation(op)
}

// schema returns a reference to the schema of T.
func schema[T any](d *description) *huma.Schema {
	return d.doc.Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}

// answers adds the problems to the responses of an operation.
func (d *description) answers(good map[string]*huma.Response, problems ...int) map[string]*huma.Response {
	for _, status := range append(problems, http.StatusInternalServerError) {
		good[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{typeProblem: {Schema: schema[problem](d)}},
		}
	}
	return good
}

// answer is a response with JSON of the schema.
func answer(text string, s *huma.Schema, headers ...*huma.Param) *huma.Response {
	r := &huma.Response{Description: text}
	if s != nil {
		r.Content = map[string]*huma.MediaType{typeJSON: {Schema: s}}
	}
	for _, h := range headers {
		if r.Headers == nil {
			r.Headers = make(map[string]*huma.Param)
		}
		r.Headers[h.Name] = &huma.Param{Description: h.Description, Schema: h.Schema}
	}
	return r
}

func (a *api) getDescription(w http.ResponseWriter, r *http.Request) error {
	encoded, contentType := a.description.json, "application/openapi+json"
	if path.Ext(r.URL.Path) == ".yaml" {
		encoded, contentType = a.description.yaml, "application/openapi+yaml"
	}
	body, err := encoded()
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	write(w, http.StatusOK, contentType, body)
	return nil
}
