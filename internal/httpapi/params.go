package httpapi

import (
	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
)

// The parameters, headers and bodies that operations share in the description.

func body(contentType string, s *huma.Schema) *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{contentType: {Schema: s}}}
}

func textSchema() *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

func idSchema() *huma.Schema {
	least, most := 1.0, float64(catalog.MaxID)
	return &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &least, Maximum: &most}
}

func idParam() *huma.Param {
	return &huma.Param{Name: "id", In: "path", Required: true, Schema: idSchema()}
}

func query(name, text string, s *huma.Schema) *huma.Param {
	return &huma.Param{Name: name, In: "query", Description: text, Schema: s}
}

func ifNoneMatch() *huma.Param {
	return &huma.Param{
		Name: "If-None-Match", In: "header", Schema: textSchema(),
		Description: "Answer 304 at one of these versions; ignored where it is malformed",
	}
}

func ifMatch(text string) *huma.Param {
	return &huma.Param{
		Name: "If-Match", In: "header", Schema: textSchema(),
		Description: "Entity tags, or *: " + text + ", else answer 412; 400 where it is malformed",
	}
}

func etagHeader() *huma.Param {
	return &huma.Param{Name: "ETag", Description: "The version of the product", Schema: textSchema()}
}

func location() *huma.Param {
	return &huma.Param{Name: "Location", Description: "The path of the product", Schema: textSchema()}
}
