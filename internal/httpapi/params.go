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

func limitParam(text string, standard, most int) *huma.Param {
	one, highest := 1.0, float64(most)
	return query(paramLimit, text, &huma.Schema{Type: huma.TypeInteger, Minimum: &one, Maximum: &highest, Default: standard})
}

func cursorParam() *huma.Param {
	return query(paramCursor, "Where the page begins; taken from the Link of the page before", textSchema())
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

func idempotencyParam() *huma.Param {
	shortest, longest := 1, catalog.MaxKeyBytes
	return &huma.Param{
		Name: headerIdempotencyKey, In: "header",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest},
		Description: "Printable ASCII of the user's choice, bare or as a string in quotes. The same key with the same " +
			"product creates it once and answers the same afterwards, also where it was changed or deleted since; " +
			"with another product it answers 422. Only a success is remembered, for a day unless configured otherwise.",
	}
}

func replayed() *huma.Param {
	return &huma.Param{
		Name: headerIdempotencyReplayed, Description: "true where the Idempotency-Key created the product before",
		Schema: textSchema(),
	}
}
