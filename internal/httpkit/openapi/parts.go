package openapi

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/httpkit"
)

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

// Text is the schema of any text, such as those.
func Text(examples ...string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, example := range examples {
		s.Examples = append(s.Examples, example)
	}
	return s
}

// Binary is the schema of bytes.
func Binary() *huma.Schema { return &huma.Schema{Type: huma.TypeString, Format: "binary"} }

// OneOf is the schema of a text that is one of those.
func OneOf[T ~string](those []T) *huma.Schema {
	s := Text()
	for _, one := range those {
		s.Enum = append(s.Enum, string(one))
	}
	return s
}

// Integer is the schema of an integer from 1 to most, such as the example.
func Integer(most, example int64) *huma.Schema {
	least, highest := 1.0, float64(most)
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least, Maximum: &highest, Examples: []any{example}}
}

// PathInteger is an integer in the path.
func PathInteger(name string, most, example int64) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Schema: Integer(most, example), Description: "The id, as answers have it"}
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

// cursor is the example of one, as the lists have it in their answers.
const cursor = "AWc3kQ7xJ2mVtYb0LsRfPzHdNq4aXeUiGoCw"

// Cursor is the parameter that says where a page begins.
func Cursor() *huma.Param {
	return Query(httpkit.ParamCursor, "Where the page begins; taken from the Link of the page before", Text(cursor))
}

// NextCursor is the parameter that says where a page begins, of lists that name the next
// one in their answer.
func NextCursor() *huma.Param {
	return Query(httpkit.ParamCursor, "Where the page begins: the next_cursor of the page before", Text(cursor))
}

// Link is the header that leads to the next page of the list at the path.
func Link(path string) *huma.Param {
	return Header("Link", `The next page, as <…>; rel="next"; absent on the last one`, "<"+path+"?cursor="+cursor+`>; rel="next"`)
}

// Header is a header of an answer.
func Header(name, text, example string) *huma.Param {
	return &huma.Param{Name: name, Description: text, Schema: Text(example)}
}

// Deprecated marks what a client should not begin to use.
func Deprecated(p *huma.Param) *huma.Param {
	p.Deprecated = true
	return p
}

// ETag is the example of an entity tag.
const ETag = `"1.3.q8xXZ2aB"`

// IfNoneMatch is the header of a read.
func IfNoneMatch() *huma.Param {
	return &huma.Param{
		Name: "If-None-Match", In: "header", Schema: Text(ETag),
		Description: "Entity tags, or *: answer 304 where one is that of the answer; ignored where it is malformed",
	}
}

// IfMatch is the header that protects what the text says.
func IfMatch(text string) *huma.Param {
	return &huma.Param{
		Name: "If-Match", In: "header", Schema: Text(ETag),
		Description: "Entity tags, or *: " + text + ", else answer 412; 400 where it is malformed",
	}
}
