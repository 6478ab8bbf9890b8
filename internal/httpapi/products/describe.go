package products

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// DescribeCreate describes Create.
func DescribeCreate(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "createProduct", Tags: []string{"products"}, Summary: "Create a product",
		Description: "Answers at once; the images are processed afterwards.",
		Parameters:  []*huma.Param{idempotencyParam()},
		RequestBody: openapi.Body(limited[newProduct](d), httpkit.TypeJSON),
		Responses: d.Responses(map[string]*huma.Response{
			"201": openapi.Response("Created", openapi.Schema[wire.Created](d), openapi.Header("Location", "The path of the product"), ETag(), openapi.Header(httpkit.HeaderIdempotencyReplayed, "true where the Idempotency-Key created the product before")),
		}, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusServiceUnavailable),
	}
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getProduct", Tags: []string{"products"}, Summary: "Read a product",
		Parameters: []*huma.Param{openapi.PathInteger("id", catalog.MaxID), openapi.IfNoneMatch(), openapi.IfMatch("read only at one of these versions")},
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("The product", openapi.Schema[wire.Product](d), ETag()),
			"304": openapi.Response("Unchanged since the version in If-None-Match", nil, ETag()),
		}, http.StatusNotFound, http.StatusPreconditionFailed,
			http.StatusServiceUnavailable),
	}
}

// DescribeChange describes Change.
func DescribeChange(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "changeProduct", Tags: []string{"products"}, Summary: "Change a product",
		Description: "A merge patch (RFC 7396): what is absent stays, null empties the description or the images.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID), openapi.IfMatch("change only one of these versions")},
		RequestBody: openapi.Body(limited[productPatch](d), httpkit.TypeMergePatch, httpkit.TypeJSON),
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("The product as it is now", openapi.Schema[wire.Product](d), ETag()),
		}, http.StatusNotFound, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

// DescribeDelete describes Delete.
func DescribeDelete(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "deleteProduct", Tags: []string{"products"}, Summary: "Delete a product",
		Parameters: []*huma.Param{openapi.PathInteger("id", catalog.MaxID), openapi.IfMatch("delete only one of these versions")},
		Responses: d.Responses(map[string]*huma.Response{"204": openapi.Response("Deleted", nil)},
			http.StatusNotFound, http.StatusPreconditionFailed,
			http.StatusServiceUnavailable),
	}
}

// DescribeList describes List.
func DescribeList(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listProducts", Tags: []string{"products"}, Summary: "List products, newest first",
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("One page", &huma.Schema{Type: huma.TypeArray, Items: openapi.Schema[wire.Summary](d)}, openapi.Link()),
		}, http.StatusServiceUnavailable),
	}
}

// ListQuery are the parameters of List.
func ListQuery() []*huma.Param {
	bound := price{}.Schema(nil)
	user := openapi.Query(catalog.FieldUserID, "Only products of this user", openapi.Integer(catalog.MaxID))
	user.Required = true
	return []*huma.Param{
		user,
		openapi.Query(paramPriceMin, "Lowest price, inclusive", bound),
		openapi.Query(paramPriceMax, "Highest price, inclusive", bound),
		openapi.Query(catalog.FieldName, "Part of the name, in upper or lower case", openapi.Text()),
		openapi.Limit("Most products on one page; long descriptions make it end earlier, so follow the Link", catalog.DefaultListLimit, catalog.MaxListLimit),
		openapi.Cursor(),
	}
}

// ETag is the header of answers with a product, or with one image of it.
func ETag() *huma.Param { return openapi.Header("ETag", "The version of the product") }

func idempotencyParam() *huma.Param {
	shortest, longest := 1, catalog.MaxKeyBytes
	return &huma.Param{
		Name: httpkit.HeaderIdempotencyKey, In: "header",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: &shortest, MaxLength: &longest},
		Description: fmt.Sprintf("Printable ASCII of the user's choice, bare or as a string in quotes. The same key with the same "+
			"product creates it once and answers the same afterwards, also where it was changed or deleted since; "+
			"with another product it answers 422. Only a success is remembered, for %d hours unless configured otherwise.",
			int(catalog.DefaultKeyTTL.Hours())),
	}
}
