package imports

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/paging"
)

// tag groups the operations.
const tag = "imports"

// DescribeBegin describes Begin.
func DescribeBegin(d *openapi.Document) *huma.Operation {
	lines := openapi.Text(`{"external_id":"SKU-4711","product_name":"Smartphone","product_price":999.99,"product_images":["https://example.com/image1.jpg"]}` + "\n")
	columns := openapi.Text("external_id,product_name,product_price,product_images\nSKU-4711,Smartphone,999.99,https://example.com/image1.jpg\n")
	return &huma.Operation{
		OperationID: "importProducts", Tags: []string{tag}, Summary: "Import a file of products",
		Description: "NDJSON, a product on each line, or CSV (RFC 4180) with a header row, in UTF-8: the delimiter may be a comma, a semicolon or a tab, and product_images are a JSON array or URLs between blanks. " +
			"At most 1 GiB, at least 64 kB a second, and two hours; or an upload in two steps, which may be sent again and again until it is whole. The answer comes when the whole file is stored: before that nothing exists. Then rows are written in the background, and the import is complete when all of their images are ready or failed. " +
			"With error_policy=all the whole file is checked first, and nothing is written where a row is at fault; what only the database can refuse then is an error of its row.",
		RequestBody: &huma.RequestBody{
			Description: "The file, where there is no upload", Content: map[string]*huma.MediaType{typeLines: {Schema: lines}, typeCSV: {Schema: columns}},
		},
		Responses: d.Responses(map[string]*huma.Response{
			"202": openapi.Response("The file is stored, and the import has begun", openapi.Schema[wire.Import](d), openapi.Header("Location", "The path of the import", "/imports/12")),
		}, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusServiceUnavailable),
	}
}

// BeginQuery are the parameters of Begin.
func BeginQuery() []*huma.Param {
	policy, mode := openapi.OneOf([]bulk.Policy{bulk.Rows, bulk.All}), openapi.OneOf([]catalog.Mode{catalog.Upsert, catalog.CreateOnly})
	format := openapi.OneOf([]rows.Format{rows.NDJSON, rows.CSV})
	format.Default = string(rows.NDJSON)
	policy.Default, mode.Default = string(bulk.Rows), string(catalog.Upsert)
	return []*huma.Param{
		openapi.Query(paramUpload, "A file that was uploaded in two steps, in place of a body", openapi.Text("kq2vj5d3m7yb6trzphnwceax4u")),
		openapi.Query(paramFormat, "Of the upload", format),
		openapi.Query(catalog.FieldUserID, "Whose products they are; needed only where requests carry no key", openapi.Integer(catalog.MaxID, 1)),
		openapi.Query(bulk.FieldPolicy, "What becomes of the others where one row is at fault; all: nothing is written", policy),
		openapi.Query(bulk.FieldMode, "create: a row whose external_id is there already is at fault", mode),
		openapi.Query(imports.FieldDryRun, "true: every row is checked, and nothing is written", &huma.Schema{Type: huma.TypeBoolean}),
		openapi.Query(imports.FieldImageRate, "Images a second that are let in at most; by default as fast as rows are written", openapi.Integer(imports.MaxImageRate, 50)),
	}
}

// DescribeList describes List.
func DescribeList(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listImports", Tags: []string{tag}, Summary: "List imports, newest first",
		Description: "Imports are kept for 30 days after their end. An operator's list is of all users, unless it names one.",
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.Import]](d), openapi.Link("/imports")),
		}, http.StatusServiceUnavailable),
	}
}

// ListQuery are the parameters of List.
func ListQuery() []*huma.Param {
	return []*huma.Param{
		openapi.Query(catalog.FieldUserID, "Whose imports; by default of the user of the key", openapi.Integer(catalog.MaxID, 1)),
		openapi.Limit("Most imports on one page", paging.Default, paging.Most), openapi.NextCursor(),
	}
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	return one(d, "getImport", "Read how far an import has got",
		"Read from the database at every request. Images are counted once a second at most, and of many less often. The event import.completed tells of the end.")
}

// DescribePause describes Pause.
func DescribePause(d *openapi.Document) *huma.Operation {
	return one(d, "pauseImport", "Pause an import",
		"It goes on where it was when it is resumed. Images that rows have asked for are processed all the same. To pause a paused import changes nothing.", http.StatusConflict)
}

// DescribeResume describes Resume.
func DescribeResume(d *openapi.Document) *huma.Operation {
	return one(d, "resumeImport", "Resume a paused import", "To resume one that goes on changes nothing.", http.StatusConflict)
}

// DescribeCancel describes Cancel.
func DescribeCancel(d *openapi.Document) *huma.Operation {
	return one(d, "cancelImport", "Cancel an import",
		"Rows that were written stay. Images that they have asked for are processed all the same, or with images=true fail as cancelled where no worker has begun them. To cancel a cancelled import changes nothing.",
		http.StatusConflict)
}

// CancelQuery are the parameters of Cancel.
func CancelQuery() []*huma.Param {
	return []*huma.Param{openapi.Query(paramImages, "true: also its images that wait", &huma.Schema{Type: huma.TypeBoolean})}
}

func one(d *openapi.Document, id, summary, text string, problems ...int) *huma.Operation {
	return jobs.DescribeOne[wire.Import](d, id, tag, summary, text, "The import", problems...)
}

// DescribeResults describes Results.
func DescribeResults(d *openapi.Document) *huma.Operation {
	results := openapi.Response("A result on each line, in the order of the file", nil)
	openapi.Property[wire.ImportResult](d, "images").Examples = []any{wire.ImportImages{Ready: 1}}          // of one row
	results.Content = map[string]*huma.MediaType{typeLines: {Schema: openapi.Schema[wire.ImportResult](d)}} // of each line
	return &huma.Operation{
		OperationID: "getImportResults", Tags: []string{tag}, Summary: "Read what became of the rows of an import",
		Description: "Of rows that were done with so far; while nothing is written, of those that are at fault. Kept for 30 days after the end of the import. An answer that could not be finished ends with a broken connection.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 12)},
		Responses:   d.Responses(map[string]*huma.Response{"200": results}, http.StatusNotFound, http.StatusServiceUnavailable),
	}
}
