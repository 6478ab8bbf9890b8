package work

import (
	"fmt"
	"net/http"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// ImageAttempts answers with what has happened to one image.
func (h *Handler) ImageAttempts(w http.ResponseWriter, r *http.Request) error {
	product, id, err := products.ImagePath(r)
	if err != nil {
		return err
	}
	history, err := h.Attempts.Of(r.Context(), auth.From(r.Context()), product, id)
	if err != nil {
		return fmt.Errorf("read attempts at image %d of product %d: %w", id, product, err)
	}
	answer := wire.ImageAttempts{Data: make([]wire.ImageAttempt, len(history.Attempts))}
	for i, a := range history.Attempts {
		answer.Data[i] = wireAttempt(a)
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}

func wireAttempt(a attempts.Attempt) wire.ImageAttempt {
	attempt := wire.ImageAttempt{
		Attempt: a.Number, Generation: a.Generation, Outcome: string(a.Outcome), BegunAt: moment(a.BegunAt), EndedAt: a.EndedAt,
		Steps: make([]wire.AttemptStep, len(a.Steps)), Status: a.Status, Redirects: a.Redirects, Published: a.Published, Worker: a.Worker, TraceID: a.TraceID,
	}
	if a.BegunAt != 0 {
		attempt.WaitedMS = &a.WaitedMS
	}
	for i, s := range a.Steps {
		attempt.Steps[i] = wire.AttemptStep{Name: s.Name, DurationMS: s.TookMS, BytesIn: s.BytesIn, BytesOut: s.BytesOut, Failed: s.Failed}
		for _, hop := range s.Hops {
			attempt.Steps[i].Hops = append(attempt.Steps[i].Hops, wire.Hop{Host: hop.Host, Status: hop.Status, DurationMS: hop.TookMS})
		}
	}
	if f := a.Failure; f != nil {
		attempt.Reason = &wire.Reason{Code: string(f.Reason), Detail: f.Detail, Retryable: f.Reason.Retryable()}
	}
	return attempt
}
