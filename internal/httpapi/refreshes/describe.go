package refreshes

import (
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/refresh"
)

// tag groups the operations with those of images.
const tag = "products"

// DescribeBegin describes Begin.
func DescribeBegin(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "refreshImages", Tags: []string{tag}, Summary: "Fetch many ready images again",
		Description: "A job has every image that is ready, not worked on and selected fetched again, as the refresh of one image does. Images that are created or fetched again meanwhile are left alone. An operator's is of all users, unless it names one.",
		RequestBody: openapi.WithExample(openapi.Body(orderSchema(d), httpkit.TypeJSON),
			map[string]any{refresh.FieldFilter: map[string]any{refresh.FieldHost: "example.com"}, refresh.FieldDryRun: true}),
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("Counted, in a dry run", openapi.Schema[wire.RefreshCount](d)),
			"202": openapi.Response("A job goes on with it", openapi.Schema[wire.RefreshJob](d), openapi.Header("Location", "The path of the job", "/images/refresh/7")),
		}, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getRefreshJob", Tags: []string{tag}, Summary: "Read how far a job that fetches images again has got",
		Description: "Read from the database at every request; ask again until its state is not running. Images that it has put in line are fetched afterwards.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 7)},
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The job", openapi.Schema[wire.RefreshJob](d))},
			http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

// DescribeAbort describes Abort.
func DescribeAbort(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "abortRefreshJob", Tags: []string{tag}, Summary: "Abort a job that fetches images again",
		Description: "Images that are in line already are fetched all the same. To abort an aborted job changes nothing.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 7)},
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The job as it ended", openapi.Schema[wire.RefreshJob](d))},
			http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable),
	}
}

// The types of requests exist for the description only: they are wire.RefreshOrder and
// wire.RefreshFilter, any field of which may be null, which is as good as absent.
type (
	refreshOrder struct {
		Filter filterSlot `json:"filter,omitzero"`
		All    bool       `json:"all,omitempty"     nullable:"true" doc:"Says that an empty filter, which selects every image, is meant" typical:"false"`
		DryRun bool       `json:"dry_run,omitempty" nullable:"true" doc:"Only count" example:"true"`
		Rate   int64      `json:"rate,omitempty"    nullable:"true" minimum:"1" doc:"Images a second" example:"10" typical:"false"`
	}
	refreshSelection struct {
		Host          string    `json:"host,omitempty"          nullable:"true" example:"example.com"`
		UserID        int64     `json:"user_id,omitempty"       nullable:"true" minimum:"1" example:"1" typical:"false"`
		ProductIDs    []int64   `json:"product_ids,omitempty"   nullable:"true" minItems:"1" example:"[101,102]" typical:"false"`
		UpdatedBefore time.Time `json:"updated_before,omitzero" nullable:"true" doc:"Exclusive: of images that have shown what they do since then" typical:"false"`
	}
	filterSlot struct{}
)

// Schema implements huma.SchemaProvider.
func (filterSlot) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "Which images; all where it is empty",
		OneOf:       []*huma.Schema{r.Schema(reflect.TypeFor[refreshSelection](), true, ""), {Type: "null"}},
	}
}

// orderSchema adds the limits of the rules to the request.
func orderSchema(d *openapi.Document) *huma.Schema {
	entries, rate, id, first := refresh.MaxProductIDs, float64(refresh.MaxRate), float64(catalog.MaxID), 1.0
	openapi.Property[refreshOrder](d, refresh.FieldRate).Maximum = &rate
	openapi.Property[refreshSelection](d, refresh.FieldUserID).Maximum = &id
	products := openapi.Property[refreshSelection](d, refresh.FieldProductIDs)
	products.MaxItems, products.Items.Minimum, products.Items.Maximum = &entries, &first, &id
	return openapi.Schema[refreshOrder](d)
}
