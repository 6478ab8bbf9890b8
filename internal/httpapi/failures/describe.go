package failures

import (
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/paging"
)

// tag groups the operations on dead letters.
const tag = "dead letters"

// DescribeList describes List.
func DescribeList(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listDeadLetters", Tags: []string{tag}, Summary: "List failed work, newest first",
		Description: "Images that failed and were not discarded, and unreadable messages of the broker.",
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.DeadLetter]](d), openapi.Link("/dead-letters")),
		}, http.StatusServiceUnavailable),
	}
}

// ListQuery are the parameters of List.
func ListQuery() []*huma.Param {
	return append(FilterQuery(), openapi.Limit("Most dead letters on one page", paging.Default, paging.Most), openapi.Cursor())
}

// FilterQuery are the parameters that select dead letters, and those of Summary.
func FilterQuery() []*huma.Param {
	reasons := openapi.Text()
	for _, r := range failures.Reasons() {
		reasons.Enum = append(reasons.Enum, string(r))
	}
	moment := &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	return []*huma.Param{
		openapi.Query(failures.FieldReason, "Why it failed", reasons),
		openapi.Query(filtered.FieldHost, "Host of the source", openapi.Text("example.com")),
		openapi.Query(filtered.FieldUserID, "Only of products of this user", openapi.Integer(catalog.MaxID, 1)),
		openapi.Query(failures.FieldProductID, "Only of this product", openapi.Integer(catalog.MaxID, 101)),
		openapi.Query(failures.FieldFailedAfter, "Failed then or later", moment),
		openapi.Query(failures.FieldFailedBefore, "Failed before", moment),
	}
}

// DescribeReplay describes Replay.
func DescribeReplay(d *openapi.Document) *huma.Operation {
	return describeApply(d, "replayDeadLetters", "Retry failed images",
		"An image that is replayed is pending again with no attempt counted. An unreadable message cannot be replayed.")
}

// DescribeDiscard describes Discard.
func DescribeDiscard(d *openapi.Document) *huma.Operation {
	return describeApply(d, "discardDeadLetters", "Take dead letters off the list",
		fmt.Sprintf("The image stays failed on its product, and its owner can still replay it. A message is removed %d days later.",
			int(job.DefaultRunnerConfig().Retention.Hours()/24)))
}

func describeApply(d *openapi.Document, id, summary, text string) *huma.Operation {
	entries, most := failures.MaxIDs, float64(catalog.MaxID)
	openapi.Property[deadOrder](d, failures.FieldIDs).MaxItems = &entries
	openapi.Property[deadOrder](d, filtered.FieldFilter).Description = fmt.Sprintf(
		"Applied at once where it selects at most %d dead letters and no rate is given, else by a job", failures.MaxIDs)
	for _, name := range []string{filtered.FieldUserID, failures.FieldProductID} {
		openapi.Property[deadSelection](d, name).Maximum = &most
	}
	return jobs.DescribeRequest[deadOrder, wire.DeadOutcome, wire.DeadJob](d, id, tag, summary, text, "Done, or counted", "/dead-letters/jobs")
}

// DescribeReplayImage describes ReplayImage.
func DescribeReplayImage(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "replayImage", Tags: []string{"products"}, Summary: "Retry a failed image",
		Description: "It is pending again with no attempt counted. An image that has not failed is answered with 409.",
		Parameters:  append(products.ImagePathParameters(), products.PreferWait()),
		Responses: d.Responses(map[string]*huma.Response{
			"202": openapi.Response("The image, pending again, or what has become of it", openapi.Schema[wire.CurrentImage](d), products.ETag(), products.Applied()),
		}, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable),
	}
}

// The types of requests exist for the description only: they are wire.DeadOrder and
// wire.DeadFilter, any field of which may be null, which is as good as absent.
type (
	deadOrder struct {
		IDs []string `json:"ids,omitempty" nullable:"true" doc:"Applied at once; not together with filter" example:"image-42" typical:"false"`
		jobs.Request[deadSelection]
	}
	deadSelection struct {
		Reason       string    `json:"reason,omitempty"        nullable:"true" doc:"One of the reasons of images, or unreadable" example:"source_timeout"`
		Host         string    `json:"host,omitempty"          nullable:"true" example:"example.com"`
		UserID       int64     `json:"user_id,omitempty"       nullable:"true" minimum:"1" example:"1" typical:"false"`
		ProductID    int64     `json:"product_id,omitempty"    nullable:"true" minimum:"1" example:"101" typical:"false"`
		FailedAfter  time.Time `json:"failed_after,omitzero"   nullable:"true" doc:"Inclusive" typical:"false"`
		FailedBefore time.Time `json:"failed_before,omitzero"  nullable:"true" doc:"Exclusive" example:"2026-11-03T09:30:00Z" typical:"false"`
	}
)
