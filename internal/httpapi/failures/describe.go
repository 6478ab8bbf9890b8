package failures

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/job"
)

// tag groups the operations on dead letters.
const tag = "dead letters"

// DescribeList describes List.
func DescribeList(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listDeadLetters", Tags: []string{tag}, Summary: "List failed work, newest first",
		Description: "Images that failed and were not discarded, and unreadable messages of the broker.",
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.DeadLetter]](d), openapi.Link()),
		}, http.StatusServiceUnavailable),
	}
}

// ListQuery are the parameters of List.
func ListQuery() []*huma.Param {
	reasons := openapi.Text()
	for _, r := range failures.Reasons() {
		reasons.Enum = append(reasons.Enum, string(r))
	}
	moment := &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	return []*huma.Param{
		openapi.Query(failures.FieldReason, "Why it failed", reasons),
		openapi.Query(failures.FieldHost, "Host of the source", openapi.Text()),
		openapi.Query(failures.FieldUserID, "Only of products of this user", openapi.Integer(catalog.MaxID)),
		openapi.Query(failures.FieldProductID, "Only of this product", openapi.Integer(catalog.MaxID)),
		openapi.Query(failures.FieldFailedAfter, "Failed then or later", moment),
		openapi.Query(failures.FieldFailedBefore, "Failed before", moment),
		openapi.Limit("Most dead letters on one page", failures.DefaultListLimit, failures.MaxListLimit),
		openapi.Cursor(),
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
	return &huma.Operation{
		OperationID: id, Tags: []string{tag}, Summary: summary, Description: text,
		RequestBody: openapi.Body(orderSchema(d), httpkit.TypeJSON),
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("Done, or counted", openapi.Schema[wire.DeadOutcome](d)),
			"202": openapi.Response("A job goes on with it", openapi.Schema[wire.DeadJob](d), openapi.Header("Location", "The path of the job")),
		}, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

// DescribeReplayImage describes ReplayImage.
func DescribeReplayImage(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "replayImage", Tags: []string{"products"}, Summary: "Retry a failed image",
		Parameters: products.ImagePathParameters(),
		Responses: d.Responses(map[string]*huma.Response{
			"202": openapi.Response("The image, pending again", openapi.Schema[wire.Image](d), products.ETag()),
		}, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable),
	}
}

// orderSchema adds the limits of the rules to the request.
func orderSchema(d *openapi.Document) *huma.Schema {
	entries, rate := failures.MaxIDs, float64(failures.MaxRate)
	openapi.Property[wire.DeadOrder](d, failures.FieldIDs).MaxItems = &entries
	openapi.Property[wire.DeadOrder](d, failures.FieldRate).Maximum = &rate
	openapi.Property[wire.DeadOrder](d, failures.FieldFilter).Description = fmt.Sprintf(
		"Applied at once where it selects at most %d dead letters and no rate is given, else by a job", entries)
	return openapi.Schema[wire.DeadOrder](d)
}
