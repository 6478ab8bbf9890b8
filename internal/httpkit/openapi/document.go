package openapi

import (
	"math"
	"net/http"
	"path"
	"reflect"
	"strconv"
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
	doc := &huma.OpenAPI{OpenAPI: "3.1.0", Info: &info, Servers: []*huma.Server{{URL: "/", Description: "Where this description was read"}}, Components: &huma.Components{Schemas: types, SecuritySchemes: map[string]*huma.SecurityScheme{
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
	op.Responses[strconv.Itoa(http.StatusTooManyRequests)].Headers = map[string]*huma.Param{
		"Retry-After": {Description: "Seconds until the request may succeed", Schema: Integer(math.MaxInt32)},
		httpkit.HeaderRateLimitPolicy: {
			Description: `Where a limit is set, the quota and the window in seconds of each, also with every other answer: "key";q=600;w=60`, Schema: Text(),
		},
		httpkit.HeaderRateLimit: {
			Description: `What is left of each quota, and the seconds until its window ends: "key";r=599;t=42`, Schema: Text(),
		},
	}
}

// Schema returns a reference to the schema of T.
func Schema[T any](d *Document) *huma.Schema {
	return d.doc.Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
}

// Property returns the schema of a property of T, to add what the type does not
// give.
func Property[T any](d *Document, name string) *huma.Schema {
	return d.doc.Components.Schemas.SchemaFromRef(Schema[T](d).Ref).Properties[name]
}

// Schemas are all schemas by name.
func (d *Document) Schemas() huma.Registry { return d.doc.Components.Schemas }

// Responses adds the problems to the responses of an operation that may fail.
func (d *Document) Responses(good map[string]*huma.Response, problems ...int) map[string]*huma.Response {
	return d.withProblems(good, append(problems, http.StatusInternalServerError)...)
}

func (d *Document) withProblems(good map[string]*huma.Response, problems ...int) map[string]*huma.Response {
	for _, status := range problems {
		good[strconv.Itoa(status)] = &huma.Response{
			Description: httpkit.StatusText(status),
			Content:     map[string]*huma.MediaType{httpkit.TypeProblem: {Schema: Schema[httpkit.Problem](d)}},
		}
	}
	return good
}

// Response is a response with JSON of the schema.
func Response(text string, s *huma.Schema, headers ...*huma.Param) *huma.Response {
	r := &huma.Response{Description: text}
	if s != nil {
		r.Content = map[string]*huma.MediaType{httpkit.TypeJSON: {Schema: s}}
	}
	for _, h := range headers {
		if r.Headers == nil {
			r.Headers = make(map[string]*huma.Param)
		}
		r.Headers[h.Name] = &huma.Param{Description: h.Description, Schema: h.Schema, Deprecated: h.Deprecated}
	}
	return r
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

// The parameters, headers and bodies that operations share.

// Body is a required body of the schema, in each of the types.
func Body(s *huma.Schema, types ...string) *huma.RequestBody {
	b := &huma.RequestBody{Required: true, Description: "One JSON object in UTF-8, without unknown or repeated names", Content: make(map[string]*huma.MediaType)}
	for _, t := range types {
		b.Content[t] = &huma.MediaType{Schema: s}
	}
	return b
}

// WithExample adds an example to a body.
func WithExample(b *huma.RequestBody, example any) *huma.RequestBody {
	for _, media := range b.Content {
		media.Example = example
	}
	return b
}

// Text is the schema of any text.
func Text() *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// OneOf is the schema of a text that is one of those.
func OneOf[T ~string](those []T) *huma.Schema {
	s := Text()
	for _, one := range those {
		s.Enum = append(s.Enum, string(one))
	}
	return s
}

// Integer is the schema of an integer from 1 to most.
func Integer(most int64) *huma.Schema {
	least, highest := 1.0, float64(most)
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least, Maximum: &highest}
}

// PathInteger is an integer in the path.
func PathInteger(name string, most int64) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Schema: Integer(most), Description: "The id, as answers have it"}
}

// Query is a query parameter; an empty one counts as absent.
func Query(name, text string, s *huma.Schema) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: text, Schema: s, AllowEmptyValue: true}
}

// Names are the names of parameters.
func Names(params []*huma.Param) []string {
	list := make([]string, len(params))
	for i, p := range params {
		list[i] = p.Name
	}
	return list
}

// Limit is the parameter that bounds a page.
func Limit(text string, byDefault, most int) *huma.Param {
	one, highest := 1.0, float64(most)
	return Query(httpkit.ParamLimit, text, &huma.Schema{Type: huma.TypeInteger, Minimum: &one, Maximum: &highest, Default: byDefault})
}

// Cursor is the parameter that says where a page begins.
func Cursor() *huma.Param {
	return Query(httpkit.ParamCursor, "Where the page begins; taken from the Link of the page before", Text())
}

// NextCursor is the parameter that says where a page begins, of lists that name the next
// one in their answer.
func NextCursor() *huma.Param {
	return Query(httpkit.ParamCursor, "Where the page begins: the next_cursor of the page before", Text())
}

// Link is the header that leads to the next page.
func Link() *huma.Param {
	return Header("Link", `The next page, as <…>; rel="next"; absent on the last one`)
}

// Header is a header of an answer.
func Header(name, text string) *huma.Param {
	return &huma.Param{Name: name, Description: text, Schema: Text()}
}

// Deprecated marks what a client should not begin to use.
func Deprecated(p *huma.Param) *huma.Param {
	p.Deprecated = true
	return p
}

// IfNoneMatch is the header of a read.
func IfNoneMatch() *huma.Param {
	return &huma.Param{
		Name: "If-None-Match", In: "header", Schema: Text(),
		Description: "Entity tags, or *: answer 304 where one is that of the answer; ignored where it is malformed",
	}
}

// IfMatch is the header that protects what the text says.
func IfMatch(text string) *huma.Param {
	return &huma.Param{
		Name: "If-Match", In: "header", Schema: Text(),
		Description: "Entity tags, or *: " + text + ", else answer 412; 400 where it is malformed",
	}
}
