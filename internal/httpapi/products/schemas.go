package products

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit/openapi"
)

// The types of requests exist for the description only: bodies are read field
// by field, so that every error is found at once.

type newProduct struct {
	UserID      int64      `json:"user_id"                       doc:"A known user"                                example:"1"                                  minimum:"1"`
	Name        string     `json:"product_name"                  example:"Smartphone"                              minLength:"1"`
	Description string     `json:"product_description,omitempty" example:"Latest model with advanced features"`
	Images      []imageURL `json:"product_images,omitempty"      doc:"The source images, in the order to show" nullable:"false"`
	Price       priceInput `json:"product_price"`
}

type productPatch struct {
	Name        string      `json:"product_name,omitempty" minLength:"1"`
	Description string      `json:"product_description,omitempty" nullable:"true"`
	Images      []imageURL  `json:"product_images,omitempty"      doc:"All source images; one whose URL is there already keeps its work" nullable:"true"`
	Price       *priceInput `json:"product_price,omitempty"`
}

// limited adds the limits of the rules to a request.
func limited[T any](d *openapi.Document) *huma.Schema {
	name, description, images := catalog.MaxNameRunes, catalog.MaxDescriptionRunes, catalog.MaxImages
	openapi.Property[T](d, catalog.FieldName).MaxLength = &name
	openapi.Property[T](d, catalog.FieldDescription).MaxLength = &description
	openapi.Property[T](d, catalog.FieldImages).MaxItems = &images
	return openapi.Schema[T](d)
}

// DescribePrices tells the description how answers write prices.
func DescribePrices(d *openapi.Document) {
	d.Schemas().RegisterTypeAlias(reflect.TypeFor[json.Number](), reflect.TypeFor[price]())
}

// imageURL, priceInput and price replace types whose schema cannot be
// derived.
type (
	imageURL   struct{}
	priceInput struct{}
	price      struct{}
)

// Schema implements huma.SchemaProvider.
func (imageURL) Schema(huma.Registry) *huma.Schema {
	longest := catalog.MaxURLBytes
	return &huma.Schema{
		Type: huma.TypeString, Format: "uri", MaxLength: &longest,
		Description: "An http or https URL without user name and password; kept without blanks around it, its dot segments resolved",
		Examples:    []any{"https://example.com/image1.jpg"},
	}
}

// Schema implements huma.SchemaProvider. The bound on decimals is not a
// multipleOf, which validators compute with binary fractions.
func (priceInput) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "An exact decimal with at most 2 decimal places, as a number or as a string that holds one",
		OneOf:       []*huma.Schema{price{}.Schema(r), {Type: huma.TypeString, Examples: []any{"999.99"}}},
	}
}

// Schema implements huma.SchemaProvider.
func (price) Schema(huma.Registry) *huma.Schema {
	least, most := 0.0, float64(catalog.MaxPrice)/100
	return &huma.Schema{
		Type: huma.TypeNumber, Minimum: &least, Maximum: &most,
		Description: "An exact decimal with at most 2 decimal places", Examples: []any{999.99},
	}
}
