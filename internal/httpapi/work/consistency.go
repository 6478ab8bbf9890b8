package work

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// Consistency answers with what the last checks have found.
func (h *Handler) Consistency(w http.ResponseWriter, r *http.Request) error {
	runs, err := h.Runs.LastRuns(r.Context())
	if err != nil {
		return fmt.Errorf("look at the last checks: %w", err)
	}
	c := gc.Summarize(runs)
	answer := wire.Consistency{
		Fsck: wire.CheckRunOf(c.Fsck), Collector: wire.CheckRunOf(c.Turn),
		Round: wire.CollectorRound{
			Clean: c.Round.Report.Clean(), ComparedAll: c.Round.Report.ComparedAll(), Turns: c.Round.Turns, Of: gc.Turns, Since: wire.OrNil(c.Round.Since), Checked: c.Round.Report.Checked, Findings: wire.CheckFindingsOf(c.Round.Report.Findings),
		},
	}
	if c.Finished != c.Fsck {
		answer.Complete = wire.CheckRunOf(c.Finished)
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}

// DescribeConsistency describes Consistency.
func DescribeConsistency(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "getConsistency", Tags: []string{"operation"}, Summary: "What the last checks have found",
		Description: "Of vitrine fsck, and of the collector of files that nothing refers to. Each writes what it found when it ends, also where it failed; one that is killed writes nothing.",
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The last checks", openapi.Schema[wire.Consistency](d))},
			http.StatusServiceUnavailable),
	}
}
