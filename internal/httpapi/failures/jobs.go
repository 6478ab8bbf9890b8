package failures

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/paging"
)

// NewJobs returns the handler of the jobs that replay or discard many dead letters.
func NewJobs(s *failures.Service, cursors page.Cursors) *jobs.Handler[failures.Filter, wire.DeadJob] {
	return &jobs.Handler[failures.Filter, wire.DeadJob]{Kind: kind(), Service: s, Cursors: cursors}
}

func kind() jobs.Kind[failures.Job, wire.DeadJob] {
	return jobs.Kind[failures.Job, wire.DeadJob]{Name: "dead letter job", Path: "/dead-letters/jobs", Wire: wireJob}
}

func wireJob(j failures.Job) wire.DeadJob {
	return wire.DeadJob{
		ID: j.ID, Action: j.Kind, Rate: j.Rate, Total: j.Total, Done: j.Done, State: string(j.State), CreatedAt: j.CreatedAt,
		Filter: wire.DeadFilter{
			Reason: string(j.Filter.Reason), Host: j.Filter.Host, UserID: j.Filter.UserID, ProductID: j.Filter.ProductID,
			FailedAfter: wire.OrNil(j.Filter.FailedAfter), FailedBefore: wire.OrNil(j.Filter.FailedBefore),
		},
		FinishedAt: wire.OrNil(j.FinishedAt),
	}
}

// DescribeListJobs describes List of jobs.
func DescribeListJobs(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listDeadLetterJobs", Tags: []string{tag}, Summary: "List jobs, newest first",
		Description: "Those of all users, with how far each has got.",
		Responses: d.Responses(map[string]*huma.Response{
			"200": openapi.Response("One page", openapi.Schema[wire.Page[wire.DeadJob]](d), openapi.Link("/dead-letters/jobs")),
		}, http.StatusServiceUnavailable),
	}
}

// ListJobsQuery are the parameters of List of jobs.
func ListJobsQuery() []*huma.Param {
	return []*huma.Param{openapi.Limit("Most jobs on one page", paging.Default, paging.Most), openapi.NextCursor()}
}

// DescribeGetJob describes Get of a job.
func DescribeGetJob(d *openapi.Document) *huma.Operation {
	return jobs.DescribeOne[wire.DeadJob](d, "getDeadLetterJob", tag, "Read how far a job has got",
		"Read from the database at every request; ask again until its state is not running.", "The job")
}

// DescribeAbortJob describes Abort of a job.
func DescribeAbortJob(d *openapi.Document) *huma.Operation {
	return jobs.DescribeOne[wire.DeadJob](d, "abortDeadLetterJob", tag, "Abort a job",
		"What the job has done stays done. To abort an aborted job changes nothing.", "The job as it ended", http.StatusConflict)
}
