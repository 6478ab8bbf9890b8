package jobs

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// DescribeOne describes what is done with one job, W, or is read of it.
func DescribeOne[W any](d *openapi.Document, id, tag, summary, text, answer string, problems ...int) *huma.Operation {
	return &huma.Operation{
		OperationID: id, Tags: []string{tag}, Summary: summary, Description: text,
		Parameters: []*huma.Param{openapi.PathInteger("id", auth.MaxID, 7)},
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response(answer, openapi.Schema[W](d))},
			append(problems, http.StatusNotFound, http.StatusServiceUnavailable)...),
	}
}

// DescribeRequest describes a Request R that is answered at once with A, or that a job W goes on
// with, which is below the path.
func DescribeRequest[R, A, W any](d *openapi.Document, id, tag, summary, text, answer, path string) *huma.Operation {
	rate := float64(filtered.MaxRate)
	openapi.Property[R](d, filtered.FieldRate).Maximum = &rate
	return &huma.Operation{
		OperationID: id, Tags: []string{tag}, Summary: summary, Description: text,
		RequestBody: openapi.WithExample(openapi.Body(openapi.Schema[R](d), httpkit.TypeJSON),
			map[string]any{filtered.FieldFilter: map[string]any{filtered.FieldHost: "example.com"}, filtered.FieldDryRun: true}),
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response(answer, openapi.Schema[A](d)),
			"202": openapi.Response("A job goes on with it", openapi.Schema[W](d), openapi.Header("Location", "The path of the job", path+"/7")),
		}, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable),
	}
}

// Request is what requests have in common, for the description only: the filter F, and fields any of
// which may be null, which is as good as absent.
type Request[F any] struct {
	Filter slot[F] `json:"filter,omitzero"`
	All    bool    `json:"all,omitempty"     nullable:"true" doc:"Says that an empty filter, which selects everything, is meant" typical:"false"`
	DryRun bool    `json:"dry_run,omitempty" nullable:"true" doc:"Only count" example:"true"`
	Rate   int64   `json:"rate,omitempty"    nullable:"true" minimum:"1" doc:"At most so many a second, for a filter" example:"10" typical:"false"`
}

type slot[F any] struct{}

// Schema implements huma.SchemaProvider.
func (slot[F]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{Description: "Which ones; all where it is empty", OneOf: []*huma.Schema{r.Schema(reflect.TypeFor[F](), true, ""), {Type: "null"}}}
}
