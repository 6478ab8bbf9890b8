package work

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// WhatIsWrong answers with the findings.
func (h *Handler) WhatIsWrong(w http.ResponseWriter, r *http.Request) error {
	report, err := h.Findings.Report(r.Context(), auth.From(r.Context()))
	if err != nil {
		return fmt.Errorf("look for what is wrong: %w", err)
	}
	answer := wire.Findings{AsOf: report.At, Data: make([]wire.Finding, len(report.Findings))}
	for i, f := range report.Findings {
		answer.Data[i] = wire.Finding{
			Code: string(f.Code), Severity: string(f.Severity), Text: f.Text, Images: f.Pictures, More: f.More, Since: wire.OrNil(f.Since),
			Action: wire.FindingAction{
				Kind: string(f.Action.Kind), Host: f.Action.Host, Reason: string(f.Action.Reason), UserID: f.Action.UserID, ID: f.Action.ID,
				FailedAfter: wire.OrNil(f.Action.FailedAfter),
			},
		}
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}

// DescribeWhatIsWrong describes WhatIsWrong.
func DescribeWhatIsWrong(d *openapi.Document) *huma.Operation {
	codes := openapi.Property[wire.Finding](d, "code")
	for _, code := range findings.Codes() {
		codes.Enum = append(codes.Enum, string(code))
	}
	return &huma.Operation{
		OperationID: "listFindings", Tags: []string{"operation"}, Summary: "What is wrong, in sentences, with what can be done",
		Description: fmt.Sprintf("Answered within about a second, also while the database does not answer: what could not be read is then a finding (%s). "+
			"At most %d findings; failures are of the last %d hours.", findings.NotKnown, findings.Most, int(findings.FailedWithin.Hours())),
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The findings", openapi.Schema[wire.Findings](d))},
			http.StatusServiceUnavailable),
	}
}
