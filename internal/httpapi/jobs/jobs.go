package jobs

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// Handler serves jobs.
type Handler struct {
	Service *failures.Service
	Cursors page.Cursors
}

// List answers with one page, newest first.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	return page.Serve(h.Cursors, w, r, "dead letter jobs", failures.MaxListLimit, h.Service.Jobs, Wire, func(j failures.Job) int64 { return j.ID })
}

// Get answers with one job.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	id, err := httpkit.PathInteger(r, "id", catalog.MaxID)
	if err != nil {
		return err
	}
	job, err := h.Service.Job(r.Context(), auth.From(r.Context()), id)
	if err != nil {
		return fmt.Errorf("get dead letter job %d: %w", id, err)
	}
	w.Header().Set("Cache-Control", "no-store")
	return httpkit.WriteJSON(w, http.StatusOK, Wire(job))
}

// Abort ends a job early.
func (h *Handler) Abort(w http.ResponseWriter, r *http.Request) error {
	id, err := httpkit.PathInteger(r, "id", catalog.MaxID)
	if err != nil {
		return err
	}
	job, err := h.Service.Abort(r.Context(), auth.From(r.Context()), id)
	if err != nil {
		return fmt.Errorf("abort dead letter job %d: %w", id, err)
	}
	return httpkit.WriteJSON(w, http.StatusOK, Wire(job))
}

// Path is where a job is read.
func Path(id int64) string { return "/dead-letters/jobs/" + strconv.FormatInt(id, 10) }

// Wire is the JSON of a job.
func Wire(j failures.Job) wire.DeadJob {
	return wire.DeadJob{
		ID: j.ID, Action: j.Kind, Rate: j.Rate, Total: j.Total, Done: j.Done, State: string(j.State), CreatedAt: j.CreatedAt,
		Filter: wire.DeadFilter{
			Reason: string(j.Filter.Reason), Host: j.Filter.Host, UserID: j.Filter.UserID, ProductID: j.Filter.ProductID,
			FailedAfter: wire.OrNil(j.Filter.FailedAfter), FailedBefore: wire.OrNil(j.Filter.FailedBefore),
		},
		FinishedAt: wire.OrNil(j.FinishedAt),
	}
}

// tag groups the operations on dead letters.
const tag = "dead letters"

// DescribeList describes List.
func DescribeList(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listDeadLetterJobs", Tags: []string{tag}, Summary: "List jobs, newest first",
		Description: "Those of all users, with how far each has got.",
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.DeadJob]](d), openapi.Link("/dead-letters/jobs")),
		}, http.StatusServiceUnavailable),
	}
}

// ListQuery are the parameters of List.
func ListQuery() []*huma.Param {
	return []*huma.Param{openapi.Limit("Most jobs on one page", failures.DefaultListLimit, failures.MaxListLimit), openapi.NextCursor()}
}

// DescribeGet describes Get.
func DescribeGet(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getDeadLetterJob", Tags: []string{tag}, Summary: "Read how far a job has got",
		Description: "Read from the database at every request; ask again until its state is not running.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 7)},
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The job", openapi.Schema[wire.DeadJob](d))},
			http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

// DescribeAbort describes Abort.
func DescribeAbort(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "abortDeadLetterJob", Tags: []string{tag}, Summary: "Abort a job",
		Description: "What the job has done stays done. To abort an aborted job changes nothing.",
		Parameters:  []*huma.Param{openapi.PathInteger("id", catalog.MaxID, 7)},
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The job as it ended", openapi.Schema[wire.DeadJob](d))},
			http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable),
	}
}
