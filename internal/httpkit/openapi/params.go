package openapi

import (
	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/httpkit"
)

// The parameters, headers and bodies that operations share.

// Body is a required body of the schema, in each of the types.
func Body(s *huma.Schema, types ...string) *huma.RequestBody {
	b := &huma.RequestBody{Required: true, Content: make(map[string]*huma.MediaType)}
	for _, t := range types {
		b.Content[t] = &huma.MediaType{Schema: s}
	}
	return b
}

// Text is the schema of any text.
func Text() *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// Integer is the schema of an integer from 1 to most.
func Integer(most int64) *huma.Schema {
	least, highest := 1.0, float64(most)
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least, Maximum: &highest}
}

// PathInteger is an integer in the path.
func PathInteger(name string, most int64) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Schema: Integer(most)}
}

// Query is a query parameter.
func Query(name, text string, s *huma.Schema) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: text, Schema: s}
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
func Limit(text string, standard, most int) *huma.Param {
	one, highest := 1.0, float64(most)
	return Query(httpkit.ParamLimit, text, &huma.Schema{Type: huma.TypeInteger, Minimum: &one, Maximum: &highest, Default: standard})
}

// Cursor is the parameter that says where a page begins.
func Cursor() *huma.Param {
	return Query(httpkit.ParamCursor, "Where the page begins; taken from the Link of the page before", Text())
}

// Link is the header that leads to the next page.
func Link() *huma.Param {
	return Header("Link", `The next page, as <…>; rel="next"; absent on the last one`)
}

// Header is a header of an answer.
func Header(name, text string) *huma.Param {
	return &huma.Param{Name: name, Description: text, Schema: Text()}
}

// IfNoneMatch is the header of a read.
func IfNoneMatch() *huma.Param {
	return &huma.Param{
		Name: "If-None-Match", In: "header", Schema: Text(),
		Description: "Answer 304 at one of these versions; ignored where it is malformed",
	}
}

// IfMatch is the header that protects what the text says.
func IfMatch(text string) *huma.Param {
	return &huma.Param{
		Name: "If-Match", In: "header", Schema: Text(),
		Description: "Entity tags, or *: " + text + ", else answer 412; 400 where it is malformed",
	}
}
