// Package health answers for the process itself.
package health

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/monitor"
)

// Handler answers for the process.
type Handler struct {
	Ready    func(context.Context) monitor.Report // nil: there are no parts
	Stopping func() bool                          // nil: never
}

// Alive answers as long as the process runs.
func (h *Handler) Alive(w http.ResponseWriter, _ *http.Request) error {
	return httpkit.WriteFresh(w, http.StatusOK, wire.Health{Status: "ok"})
}

// Readiness reports what package monitor has found. The causes are in the log:
// this answer is public.
func (h *Handler) Readiness(w http.ResponseWriter, r *http.Request) error {
	report := monitor.Report{Status: monitor.Ready}
	if h.Ready != nil {
		report = h.Ready(r.Context())
	}
	answer, status := wire.Readiness{Status: report.Status, Parts: make(map[string]wire.PartHealth, len(report.Parts))}, http.StatusOK
	for name, part := range report.Parts {
		answer.Parts[name] = wire.PartHealth{Status: string(part)}
	}
	if report.Status == monitor.Unavailable {
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", httpkit.RetryAfter)
	}
	if h.Stopping != nil && h.Stopping() {
		answer.Status, status = "stopping", http.StatusServiceUnavailable
	}
	return httpkit.WriteFresh(w, status, answer)
}

// DescribeAlive describes Alive.
func DescribeAlive(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getHealth", Tags: []string{"operation"}, Summary: "Whether the process is alive",
		Description: "Asks no other part, so that a process is not restarted because a server it uses is down.",
		Responses:   map[string]*huma.Response{"200": openapi.Response("It is", openapi.Schema[wire.Health](d))},
	}
}

// DescribeReadiness describes Readiness.
func DescribeReadiness(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getReadiness", Tags: []string{"operation"}, Summary: "Whether the process can do its work, part by part",
		Description: "Send requests only to processes that answer 200.",
		Responses: map[string]*huma.Response{
			"200": openapi.Response("It can", openapi.Schema[wire.Readiness](d)),
			"503": openapi.Response("A part that the process needs is unavailable, or the process is about to end", openapi.Schema[wire.Readiness](d)),
		},
	}
}
