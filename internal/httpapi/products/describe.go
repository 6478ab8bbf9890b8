package products

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// DescribeCreate describes Create.
func DescribeCreate(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "createProduct", Tags: []string{"products"}, Summary: "Create a product",
		Description: "Answers at once; the images are processed afterwards.",
		Parameters:  []*huma.Param{idempotencyParam("product creates it once and answers the same afterwards, also where it was changed or deleted since; with another product"), PreferWait()},
		RequestBody: openapi.Body(limited[newProduct](d), httpkit.TypeJSON),
		Responses: d.Responses(map[string]*huma.Response{
			"201": openapi.Response("Created", openapi.Schema[wire.Created](d), openapi.Header("Location", "The path of the product", "/products/101"), ETag(), Applied(),
				openapi.Header(httpkit.HeaderIdempotentReplayed, "true where the Idempotency-Key created the product before", "true"),
				openapi.Deprecated(openapi.Header(httpkit.HeaderIdempotencyReplayed, "The same in the first spelling", "true"))),
		}, http.StatusRequestTimeout, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getProduct", Tags: []string{"products"}, Summary: "Read a product",
		Description: "With its images and how far each has got.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 101), openapi.IfNoneMatch(), openapi.IfMatch("read only at one of their versions")},
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("The product", openapi.Schema[wire.Product](d), ETag()),
			"304": openapi.Response("Unchanged since the answer whose ETag is in If-None-Match", nil, ETag()),
		}, http.StatusNotFound, http.StatusPreconditionFailed, http.StatusServiceUnavailable),
	}
}

// DescribeChange describes Change.
func DescribeChange(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "changeProduct", Tags: []string{"products"}, Summary: "Change a product",
		Description: "A merge patch (RFC 7396): what is absent stays, null empties the description or the images and removes external_id, metadata or one of its pairs. With If-Match it is refused where another edit came first, not where an image progressed. " +
			sentBack + retried,
		Parameters: []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 101), openapi.IfMatch("change only one of their versions")},
		RequestBody: openapi.WithExample(openapi.Body(limited[ProductPatch](d), httpkit.TypeMergePatch, httpkit.TypeJSON),
			map[string]any{catalog.FieldPrice: "899.99", catalog.FieldMetadata: map[string]any{"season": "winter", "shelf": nil}}),
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("The product as it is now", openapi.Schema[wire.Product](d), ETag()),
		}, http.StatusNotFound, http.StatusRequestTimeout, http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

const (
	sentBack = "A product that was read, by itself or in a list, can be sent back: the fields that only the server sets are accepted with their present values, and images also as they were before they progressed. "
	retried  = "Images that have failed are retried where product_images has their URLs."
)

// DescribePut describes Put.
func DescribePut(d *openapi.Document) *huma.Operation {
	longest := catalog.MaxExternalIDRunes
	least := 1
	return &huma.Operation{
		OperationID: "putProduct", Tags: []string{"products"}, Summary: "Create or change a product by the client's own id",
		Description: "Creates the product where the user has none of this external_id, and else changes it as a merge patch does: a field that is not sent is left alone. " +
			sentBack + retried,
		Parameters: []*huma.Param{
			{
				Name: catalog.FieldExternalID, In: "path", Required: true, Description: "The client's own id or SKU, percent-encoded",
				Schema: &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &longest, Examples: []any{"SKU-4711"}},
			},
			openapi.IfMatch("change only one of their versions, and create nothing"), PreferWait(),
			{
				Name: "If-None-Match", In: "header", Description: "*: create, and change nothing",
				Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"*"}},
			},
		},
		RequestBody: openapi.Body(limited[sentProduct](d), httpkit.TypeJSON, httpkit.TypeMergePatch),
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("Changed: the product as it is now", openapi.Schema[wire.Product](d), ETag(), Applied()),
			"201": openapi.Response("Created", openapi.Schema[wire.Product](d), openapi.Header("Location", "The path of the product", "/products/101"), ETag(), Applied()),
		}, http.StatusRequestTimeout, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

// DescribeDelete describes Delete.
func DescribeDelete(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "deleteProduct", Tags: []string{"products"}, Summary: "Delete a product",
		Description: "With its images, whose work ends. Files that nothing else shows are removed later.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 101), openapi.IfMatch("delete only one of their versions")},
		Responses: d.Responses(map[string]*huma.Response{"204": openapi.Response("Deleted", nil)},
			http.StatusNotFound, http.StatusPreconditionFailed, http.StatusServiceUnavailable),
	}
}

// DescribeList describes List.
func DescribeList(d *openapi.Document) *huma.Operation {
	page := openapi.Response("One page; or, as application/x-ndjson, all that match, one on each line",
		&huma.Schema{Type: huma.TypeArray, Items: openapi.Schema[wire.Summary](d)}, openapi.Link("/products"),
		openapi.Header(headerTotalCount, "How many products match, where that is preferred", "1200"),
		openapi.Header(httpkit.HeaderPreferenceApplied, "The preference that was followed: count=exact or count=estimated", "count=exact"))
	page.Content[typeLines] = &huma.MediaType{Schema: openapi.Schema[wire.Summary](d)} // of each line, as OpenAPI 3.1 has no other way
	return &huma.Operation{
		OperationID: "listProducts", Tags: []string{"products"}, Summary: "List products",
		Description: "Each with its cover and how many images it has, by status. Edits are seen at once, the progress of images within a second. " +
			"With Accept: application/x-ndjson all that match are sent, one on each line, page after page as they are read; limit is then how many at most, and no next page is linked.",
		Parameters: []*huma.Param{{
			Name: "Prefer", In: "header", Schema: openapi.Text("count=exact"),
			Description: "count=exact or count=estimated (RFC 7240): say how many products match",
		}},
		Responses: d.Responses(map[string]*huma.Response{"200": page}, http.StatusServiceUnavailable),
	}
}

// ListQuery are the parameters of List.
func ListQuery() []*huma.Param {
	bound := price{}.Schema(nil)
	user := openapi.Query(catalog.FieldUserID, "Only products of this user; by default of the user of the key. Required of operators, and where authentication is off", openapi.Integer(catalog.MaxID, 1))
	sort := openapi.OneOf(find.Sorts())
	sort.Default = string(find.Newest)
	return []*huma.Param{
		user,
		openapi.Query(catalog.FilterPriceMin, "Lowest price, inclusive", bound),
		openapi.Query(catalog.FilterPriceMax, "Highest price, inclusive", bound),
		openapi.Query(catalog.FieldName, "Part of the name, without regard to case and accents", openapi.Text("phone")),
		openapi.Limit("Most products on one page; long descriptions make it end earlier, and so does a filter that thousands of products in a row do not pass, even with none: follow the Link", catalog.DefaultListLimit, catalog.MaxListLimit),
		openapi.Cursor(),
		openapi.Query(catalog.FilterQuery, "What to search for: part of the name, without regard to case and accents; of fewer than three characters, its beginning", openapi.Text("phone")),
		openapi.Query(catalog.FilterSort, "The order; products that are equal in it are in the order of their ids. updated: the last edited first; name: by the code points of the name without case and accents", sort),
		openapi.Query(catalog.FilterImageStatus, "Only products with an image of this status", openapi.OneOf(catalog.ImageStatuses())),
		openapi.Query(catalog.FilterSourceHost, "Only products with an image whose source_url has this host, with its port where that is not the scheme's default; with image_status the image is of that status, too", openapi.Text("example.com")),
		openapi.Query(catalog.FilterUpdatedAfter, "Only products edited after this time", &huma.Schema{Type: huma.TypeString, Format: "date-time"}),
		openapi.Query(catalog.FieldExternalID, "Only the product with this external_id", openapi.Text("SKU-4711")),
	}
}

// ETag is the header of answers with a product, or with one image of it.
func ETag() *huma.Param {
	return openapi.Header("ETag", "\"version.revision.tag\" of the product: the version grows with edits, the revision with every change, and the tag names how the answer is encoded. If-Match compares the version only, If-None-Match all of it", openapi.ETag)
}

// idempotencyParam describes the header: what the same key does with the same, and with what else.
func idempotencyParam(does string) *huma.Param {
	shortest, longest := 1, catalog.MaxKeyBytes
	return &huma.Param{
		Name: httpkit.HeaderIdempotencyKey, In: "header",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest, Examples: []any{"6f1c2f6e-8f0a-4d0e-9a57-0d1d2b0c9d11"}},
		Description: fmt.Sprintf("Printable ASCII of the user's choice, bare or as a string in quotes. The same key with the same "+
			does+" or in another operation it answers 422. Only a success is remembered, for %d hours unless configured otherwise.",
			int(catalog.DefaultKeyTTL.Hours())),
	}
}

// The types of requests exist for the description only: bodies are read field
// by field, so that every error is found at once.

type newProduct struct {
	UserID      int64      `json:"user_id,omitempty"             doc:"A known user; the user of the key by default. Required where authentication is off" example:"1" minimum:"1"`
	Name        string     `json:"product_name"                  example:"Smartphone"                              minLength:"1"`
	Description string     `json:"product_description,omitempty" example:"Latest model with advanced features" nullable:"true"`
	Images      []imageURL `json:"product_images,omitempty"      doc:"The source images, in the order to show" nullable:"true"`
	Price       priceInput `json:"product_price"`
	ExternalID  string     `json:"external_id,omitempty"         doc:"The client's own id or SKU, unique among the products of the user" example:"SKU-4711" minLength:"1" nullable:"true"`
	Metadata    metadata   `json:"metadata,omitzero"`
}

// ProductPatch is exported to be embedded.
type ProductPatch struct {
	Name        string      `json:"product_name,omitempty" minLength:"1" example:"Smartphone"`
	Description string      `json:"product_description,omitempty" nullable:"true" example:"Latest model with advanced features"`
	Images      []imageURL  `json:"product_images,omitempty"      doc:"All source images; one whose URL is there already keeps its work" nullable:"true"`
	Price       *priceInput `json:"product_price,omitempty"`
	ExternalID  string      `json:"external_id,omitempty"         doc:"The client's own id or SKU, unique among the products of the user; null removes it" minLength:"1" nullable:"true" example:"SKU-4711" typical:"false"`
	Metadata    pairsPatch  `json:"metadata,omitzero"`
}

type sentProduct struct {
	ProductPatch

	UserID int64 `json:"user_id,omitempty" doc:"A known user; left out where a key says who it is" example:"1" minimum:"1"`
}

// limited adds the limits of the rules to a request.
func limited[T any](d *openapi.Document) *huma.Schema {
	name, description, images, external := catalog.MaxNameRunes, catalog.MaxDescriptionRunes, catalog.MaxImages, catalog.MaxExternalIDRunes
	openapi.Property[T](d, catalog.FieldName).MaxLength = &name
	openapi.Property[T](d, catalog.FieldDescription).MaxLength = &description
	openapi.Property[T](d, catalog.FieldImages).MaxItems = &images
	openapi.Property[T](d, catalog.FieldExternalID).MaxLength = &external
	return openapi.Schema[T](d)
}

// DescribeImages gives the description an example of an image that is ready, whose parts
// belong together.
func DescribeImages(d *openapi.Document) {
	const url = "https://shop.example/images/6f/6f02413910bdfbb76a202dab867b2484/"
	full := wire.Output{URL: url + "compressed.jpeg", Format: "jpeg", Width: 2048, Height: 1536, Bytes: 184320}
	ready := wire.Image{Alt: exampleText(d, "alt"), Placeholder: exampleText(d, "placeholder"), Compressed: &full, Variants: []wire.Output{
		{URL: url + "w320.webp", Format: "webp", Width: 320, Height: 240, Bytes: 6144},
		{URL: url + "w640.webp", Format: "webp", Width: 640, Height: 480, Bytes: 20480},
	}}
	for name, value := range map[string]any{
		"compressed": full, "variants": ready.Variants, "srcset": srcSet(ready.Variants, isWebP), "html": picture(ready),
	} {
		openapi.Property[wire.Image](d, name).Examples = []any{value}
		openapi.Property[wire.CurrentImage](d, name).Examples = []any{value}
	}
}

// exampleText is the example of a text of an image.
func exampleText(d *openapi.Document, name string) string {
	text, _ := openapi.Property[wire.Image](d, name).Examples[0].(string)
	return text
}

// DescribePrices tells the description how answers write prices.
func DescribePrices(d *openapi.Document) {
	d.Schemas().RegisterTypeAlias(reflect.TypeFor[json.Number](), reflect.TypeFor[price]())
}

// imageURL, priceInput, price and the pairs of metadata replace types whose schema cannot be
// derived.
type (
	imageURL   struct{}
	priceInput struct{}
	price      struct{}
	metadata   struct{}
	pairsPatch struct{}
)

// Schema implements huma.SchemaProvider.
func (imageURL) Schema(huma.Registry) *huma.Schema {
	longest := imageurl.MaxBytes
	return &huma.Schema{
		Type: huma.TypeString, Format: "uri", MaxLength: &longest,
		Description: "An http or https URL without user name and password; kept without blanks around it, its dot segments resolved",
		Examples:    []any{"https://example.com/image1.jpg"},
	}
}

// Schema implements huma.SchemaProvider.
func (metadata) Schema(huma.Registry) *huma.Schema {
	p := pairs(catalog.MaxMetadataPairs, false, "")
	p.Nullable = true
	return p
}

// Schema implements huma.SchemaProvider.
func (pairsPatch) Schema(huma.Registry) *huma.Schema {
	return pairs(catalog.MaxMetadataPatchPairs, true, "; pairs are merged, null removes one, and null for the whole removes all")
}

func pairs(most int, nullable bool, more string) *huma.Schema {
	longest := catalog.MaxMetadataValueRunes
	return &huma.Schema{
		Type: huma.TypeObject, MaxProperties: &most, Nullable: nullable,
		AdditionalProperties: &huma.Schema{Type: huma.TypeString, MaxLength: &longest, Nullable: nullable},
		Examples:             []any{map[string]string{"season": "winter"}},
		Description: fmt.Sprintf("The client's own pairs, at most %d; keys have 1 to %d characters, values at most %d",
			catalog.MaxMetadataPairs, catalog.MaxMetadataKeyRunes, catalog.MaxMetadataValueRunes) + more,
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
		Type: huma.TypeNumber, Format: "double", Minimum: &least, Maximum: &most,
		Description: "An exact decimal with at most 2 decimal places", Examples: []any{999.99},
	}
}
