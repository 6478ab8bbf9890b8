package products

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// DescribeBulk describes Bulk.
func DescribeBulk(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "writeProducts", Tags: []string{"products"}, Summary: "Create or change up to 1,000 products at once",
		Description: "With error_policy=rows, every product stands for itself: they are written in transactions of 100, and a request that was cut off is repeated under its Idempotency-Key, byte for byte, and goes on behind what it has written. " +
			"With all, one fault rejects everything, in one transaction. Of several products with one external_id the last one without a fault is written. " +
			"A product that is there is changed as a merge patch does: a field that is not sent is left alone. The images are processed afterwards.",
		Parameters:  []*huma.Param{bulkKeyParam()},
		RequestBody: openapi.Body(openapi.Schema[wire.BulkProducts](d), httpkit.TypeJSON),
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("What became of each product", openapi.Schema[wire.BulkResults](d),
				openapi.Header(httpkit.HeaderIdempotentReplayed, "true where an earlier request of the Idempotency-Key has written some of it", "true")),
		}, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

// bulkKeyParam is idempotencyParam for keys of bulk requests, which are apart from all others.
func bulkKeyParam() *huma.Param {
	p := idempotencyParam("")
	p.Description = fmt.Sprintf("As of a create, but apart from its keys: the same key with the same body writes each product once; with "+
		"another body it answers 422. What was written is remembered for %d hours unless configured otherwise.", int(catalog.DefaultKeyTTL.Hours()))
	return p
}

// BulkQuery are the parameters of Bulk.
func BulkQuery() []*huma.Param {
	least, most := 1.0, float64(catalog.MaxID)
	return []*huma.Param{
		{
			Name: catalog.FieldUserID, In: "query", Description: "Whose products they are; needed only where requests carry no key",
			Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most, Examples: []any{1}},
		},
		{
			Name: bulk.FieldPolicy, In: "query", Description: "What becomes of the others where one product is at fault; all: nothing is written",
			Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{string(bulk.Rows), string(bulk.All)}, Default: string(bulk.Rows)},
		},
		{
			Name: bulk.FieldMode, In: "query", Description: "create: a product whose external_id is there already is at fault",
			Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{string(catalog.Upsert), string(catalog.CreateOnly)}, Default: string(catalog.Upsert)},
		},
	}
}
