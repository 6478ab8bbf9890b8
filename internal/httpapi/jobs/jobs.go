package jobs

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// Service is what a Handler needs.
type Service interface {
	// Jobs returns the newest jobs.
	Jobs(ctx context.Context) ([]failures.Job, error)
	// Job returns a job. fault.NotFound.
	Job(ctx context.Context, id int64) (failures.Job, error)
	// Abort ends a job early. fault.NotFound; fault.Conflict where it is done.
	Abort(ctx context.Context, id int64) (failures.Job, error)
}

// Handler serves jobs.
type Handler struct{ Service Service }

// List answers with the newest jobs.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	jobs, err := h.Service.Jobs(r.Context())
	if err != nil {
		return fmt.Errorf("list dead letter jobs: %w", err)
	}
	list := make([]wire.DeadJob, len(jobs))
	for i, j := range jobs {
		list[i] = Wire(j)
	}
	w.Header().Set("Cache-Control", "no-store")
	return httpkit.WriteJSON(w, http.StatusOK, list)
}

// Get answers with one job.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	id, err := httpkit.PathInteger(r, "id", catalog.MaxID)
	if err != nil {
		return err
	}
	job, err := h.Service.Job(r.Context(), id)
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
	job, err := h.Service.Abort(r.Context(), id)
	if err != nil {
		return fmt.Errorf("abort dead letter job %d: %w", id, err)
	}
	return httpkit.WriteJSON(w, http.StatusOK, Wire(job))
}

// Path is where a job is read.
func Path(id int64) string { return "/dead-letters/jobs/" + strconv.FormatInt(id, 10) }

// Wire is the JSON of a job.
func Wire(j failures.Job) wire.DeadJob {
	w := wire.DeadJob{
		ID: j.ID, Action: j.Kind, Rate: j.Rate, Total: j.Total, Done: j.Done, State: string(j.State), CreatedAt: j.CreatedAt,
		Filter: wire.DeadFilter{
			Reason: string(j.Filter.Reason), Host: j.Filter.Host, UserID: j.Filter.UserID, ProductID: j.Filter.ProductID,
			FailedAfter: given(j.Filter.FailedAfter), FailedBefore: given(j.Filter.FailedBefore),
		},
	}
	w.FinishedAt = given(j.FinishedAt)
	return w
}

// given returns nil for the zero time.
func given(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
