package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/failures"
)

const deadTag = "dead letters"

func describeDeadList(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "listDeadLetters", Tags: []string{deadTag}, Summary: "List failed work, newest first",
		Description: "Images that failed and were not discarded, and messages of the broker that nobody could read.",
		Responses: d.answers(map[string]*huma.Response{
			"200": answer("One page", &huma.Schema{Type: huma.TypeArray, Items: schema[deadLetter](d)}, linkHeader()),
		}, http.StatusServiceUnavailable),
	}
}

func deadListQuery() []*huma.Param {
	reasons := textSchema()
	for _, r := range failures.Reasons() {
		reasons.Enum = append(reasons.Enum, string(r))
	}
	moment := &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	return []*huma.Param{
		query(failures.FieldReason, "Why it failed", reasons),
		query(failures.FieldHost, "Host of the source", textSchema()),
		query(failures.FieldUserID, "Only of products of this user", idSchema()),
		query(failures.FieldProductID, "Only of this product", idSchema()),
		query(failures.FieldFailedAfter, "Failed then or later", moment),
		query(failures.FieldFailedBefore, "Failed before", moment),
		limitParam("Most dead letters on one page", failures.DefaultListLimit, failures.MaxListLimit),
		cursorParam(),
	}
}

func describeDeadReplay(d *description) *huma.Operation {
	return describeSettle(d, "replayDeadLetters", "Have failed images worked on anew",
		"An image that is replayed is pending again with no attempt counted. A message that nobody could read cannot be replayed.")
}

func describeDeadDiscard(d *description) *huma.Operation {
	return describeSettle(d, "discardDeadLetters", "Take dead letters off the list",
		"The image stays failed on its product, and its owner can still replay it. A message is removed 30 days later.")
}

func describeSettle(d *description, id, summary, text string) *huma.Operation {
	place := &huma.Param{Name: "Location", Description: "The path of the job", Schema: textSchema()}
	return &huma.Operation{
		OperationID: id, Tags: []string{deadTag}, Summary: summary, Description: text,
		RequestBody: body(typeJSON, schema[deadOrder](d)),
		Responses: d.answers(map[string]*huma.Response{
			"200": answer("Done, or counted", schema[settled](d)),
			"202": answer("A job goes on with it", schema[deadJob](d), place),
		}, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusServiceUnavailable),
	}
}

func describeDeadJobs(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "listDeadLetterJobs", Tags: []string{deadTag}, Summary: "List the newest hundred jobs",
		Responses: d.answers(map[string]*huma.Response{
			"200": answer("The jobs, newest first", &huma.Schema{Type: huma.TypeArray, Items: schema[deadJob](d)}),
		}, http.StatusServiceUnavailable),
	}
}

func describeDeadJob(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "getDeadLetterJob", Tags: []string{deadTag}, Summary: "Read how far a job has got",
		Parameters: []*huma.Param{idParam()},
		Responses: d.answers(map[string]*huma.Response{"200": answer("The job", schema[deadJob](d))},
			http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

func describeDeadAbort(d *description) *huma.Operation {
	return &huma.Operation{
		OperationID: "abortDeadLetterJob", Tags: []string{deadTag}, Summary: "End a job before its time",
		Description: "What the job has done stays done. To abort an aborted job changes nothing.",
		Parameters:  []*huma.Param{idParam()},
		Responses: d.answers(map[string]*huma.Response{"200": answer("The job as it ended", schema[deadJob](d))},
			http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable),
	}
}

func describeReplayImage(d *description) *huma.Operation {
	id := &huma.Param{Name: "image_id", In: "path", Required: true, Schema: idSchema()}
	return &huma.Operation{
		OperationID: "replayImage", Tags: []string{"products"}, Summary: "Have a failed image worked on anew",
		Parameters: []*huma.Param{idParam(), id},
		Responses: d.answers(map[string]*huma.Response{
			"202": answer("The image, pending again", schema[image](d), etagHeader()),
		}, http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable),
	}
}

func linkHeader() *huma.Param {
	return &huma.Param{Name: "Link", Description: `The next page, as <…>; rel="next"; absent on the last one`, Schema: textSchema()}
}
