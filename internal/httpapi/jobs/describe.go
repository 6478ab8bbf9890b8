package jobs

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit/openapi"
)

// tag groups the operations on dead letters.
const tag = "dead letters"

// DescribeList describes List.
func DescribeList(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listDeadLetterJobs", Tags: []string{tag}, Summary: "List the newest hundred jobs",
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("The jobs, newest first", &huma.Schema{Type: huma.TypeArray, Items: openapi.Schema[wire.DeadJob](d)}),
		}, http.StatusServiceUnavailable),
	}
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getDeadLetterJob", Tags: []string{tag}, Summary: "Read how far a job has got",
		Parameters: []*huma.Param{openapi.PathInteger("id", catalog.MaxID)},
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The job", openapi.Schema[wire.DeadJob](d))},
			http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

// DescribeAbort describes Abort.
func DescribeAbort(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "abortDeadLetterJob", Tags: []string{tag}, Summary: "Abort a job",
		Description: "What the job has done stays done. To abort an aborted job changes nothing.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID)},
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The job as it ended", openapi.Schema[wire.DeadJob](d))},
			http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable),
	}
}
