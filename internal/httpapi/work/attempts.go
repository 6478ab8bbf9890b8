package work

import (
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/media"
)

// Attempts answers with the attempts at one image that have ended.
func (h *Handler) Attempts(w http.ResponseWriter, r *http.Request) error {
	product, id, err := products.ImagePath(r)
	if err != nil {
		return err
	}
	list, err := h.Inspector.Attempts(r.Context(), auth.From(r.Context()), product, id)
	if err != nil {
		return fmt.Errorf("read the attempts at image %d of product %d: %w", id, product, err)
	}
	answer := wire.Attempts{Data: make([]wire.Attempt, len(list))}
	for i, a := range list {
		answer.Data[i] = wireAttempt(a)
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}

func wireAttempt(p media.PastAttempt) wire.Attempt {
	a := wire.Attempt{
		Generation: p.Generation, Attempt: p.Attempt, Outcome: string(p.Outcome), BegunAt: wire.OrNil(p.BegunAt), EndedAt: p.EndedAt,
		RetryAfter: p.RetryAfter.Milliseconds(), WaitedMS: p.Waited.Milliseconds(), TookMS: p.Took.Milliseconds(),
		Status: p.Status, Redirects: p.Hops, Reused: p.Reused, Worker: p.Worker, TraceID: p.TraceID, Steps: make([]wire.AttemptStep, len(p.Steps)),
	}
	if p.Reason != "" {
		a.Reason = &wire.Reason{Code: string(p.Reason), Detail: p.Detail, Retryable: p.Reason.Retryable()}
	}
	for i, s := range p.Steps {
		a.Steps[i] = wire.AttemptStep{Name: string(s.Name), TookMS: s.Took.Milliseconds(), BytesIn: s.BytesIn, BytesOut: s.BytesOut}
	}
	return a
}

// DescribeAttempts describes Attempts.
func DescribeAttempts(d *openapi.Document) *huma.Operation {
	return &huma.Operation{
		OperationID: "listImageAttempts", Tags: []string{"products"}, Summary: "List the attempts at an image that have ended",
		Description: fmt.Sprintf("How each went, the first one first: the last %d that have failed, for %d days, and the last one that was successful.",
			media.KeptAttempts, int(media.AttemptLife.Hours()/24)),
		Parameters: products.ImagePathParameters(),
		Responses: d.Responses(map[string]*huma.Response{"200": openapi.Response("The attempts", openapi.Schema[wire.Attempts](d))},
			http.StatusNotFound, http.StatusServiceUnavailable),
	}
}
