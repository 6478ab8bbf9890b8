package refreshes

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/refresh"
)

// tag groups the operations with those of images.
const tag = "products"

// DescribeBegin describes Begin.
func DescribeBegin(d *openapi.Document) *huma.Operation {
	entries, id, first := refresh.MaxProductIDs, float64(catalog.MaxID), 1.0
	openapi.Property[refreshSelection](d, filtered.FieldUserID).Maximum = &id
	products := openapi.Property[refreshSelection](d, refresh.FieldProductIDs)
	products.MaxItems, products.Items.Minimum, products.Items.Maximum = &entries, &first, &id
	return jobs.DescribeRequest[refreshOrder, wire.RefreshCount, wire.RefreshJob](d, "refreshImages", tag, "Fetch many ready images again",
		"A job has every image that is ready, not worked on and selected fetched again, as the refresh of one image does. Images that are created or fetched again meanwhile are left alone. An operator's is of all users, unless it names one.",
		"Counted, in a dry run", "/images/refresh")
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	return jobs.DescribeOne[wire.RefreshJob](d, "getRefreshJob", tag, "Read how far a job that fetches images again has got",
		"Read from the database at every request; ask again until its state is not running. Images that it has put in line are fetched afterwards.", "The job")
}

// DescribeAbort describes Abort.
func DescribeAbort(d *openapi.Document) *huma.Operation {
	return jobs.DescribeOne[wire.RefreshJob](d, "abortRefreshJob", tag, "Abort a job that fetches images again",
		"Images that are in line already are fetched all the same. To abort an aborted job changes nothing.", "The job as it ended", http.StatusConflict)
}

// The types of requests exist for the description only: they are wire.RefreshOrder and
// wire.RefreshFilter, any field of which may be null, which is as good as absent.
type (
	refreshOrder     struct{ jobs.Request[refreshSelection] }
	refreshSelection struct {
		Host          string    `json:"host,omitempty"          nullable:"true" example:"example.com"`
		UserID        int64     `json:"user_id,omitempty"       nullable:"true" minimum:"1" example:"1" typical:"false"`
		ProductIDs    []int64   `json:"product_ids,omitempty"   nullable:"true" minItems:"1" example:"[101,102]" typical:"false"`
		UpdatedBefore time.Time `json:"updated_before,omitzero" nullable:"true" doc:"Exclusive: of images that have shown what they do since then" typical:"false"`
	}
)
