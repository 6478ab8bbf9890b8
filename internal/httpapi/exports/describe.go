package exports

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/bulk/archive"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit/openapi"
)

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	file := openapi.Response("The products, by ascending ids", nil,
		openapi.Header(headerAfter, "Where to read events on, GET /events?after=…, to hear of every change that is not in the file", "evt_5f0c9d1b2a3e4f60_4711"))
	file.Content = map[string]*huma.MediaType{
		// of each line, as OpenAPI 3.1 has no other way
		typeLines:    {Schema: &huma.Schema{OneOf: []*huma.Schema{openapi.Schema[rows.ProductRow](d), openapi.Schema[rows.ExportMark](d)}}},
		archive.Type: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "With sources=true: a tar of the pictures and the file of products, which vitrine import takes"}},
		typeCSV: {Schema: &huma.Schema{
			Type: huma.TypeString, Description: "CSV (RFC 4180) in UTF-8 with a header row. Its columns are the fields of ProductRow; product_images, image_alts and metadata are JSON",
			Examples: []any{"external_id,product_name,product_description,product_price,product_images,image_alts,metadata\n" +
				`SKU-4711,Smartphone,Latest model with advanced features,999.99,"[""https://example.com/image1.jpg""]","[""The phone from the front""]","{""season"":""winter""}"` + "\n"},
		}},
	}
	return &huma.Operation{
		OperationID: "exportProducts", Tags: []string{"products"}, Summary: "Export all products of a user",
		Description: "As a file that POST /imports takes: what clients write of the products, a product on each line. They are read page after page: each is as it was at one moment, the file is of no one moment. " +
			"The first line and the header " + headerAfter + " say where events follow, so that file and events together have everything; the last line, and the trailers " +
			trailerUntil + " and " + trailerProducts + ", say how new the file may be and how many products it has. An answer that could not be finished ends with a broken connection. " +
			"With sources=true the file of products, in parts, and the pictures that were sent for them come as a tar, in which export.json is the last entry.",
		Responses: d.Responses(map[string]*huma.Response{"200": file}, http.StatusServiceUnavailable),
	}
}

// Query are the parameters of Get.
func Query() []*huma.Param {
	return []*huma.Param{
		openapi.Query(catalog.FieldUserID, "Whose products; by default of the user of the key. Required of operators, and where authentication is off", openapi.Integer(catalog.MaxID, 1)),
		openapi.Query(paramFormat, "In place of the Accept header, by which it is CSV for text/csv and else NDJSON", openapi.OneOf(formats())),
		openapi.Query(paramIDs, "true: each line of NDJSON begins with the id of the product, as events name it. Such a file is for a copy that follows events, not for an import", &huma.Schema{Type: huma.TypeBoolean}),
		openapi.Query(paramSources, "true: a tar that has the pictures, too, that clients have sent for the images of these products", &huma.Schema{Type: huma.TypeBoolean}),
	}
}
