package jobs

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
	"vitrine.dev/internal/paging"
)

// Kind is how jobs T of one kind are served, as the JSON W. It is safe for concurrent use.
type Kind[T, W any] struct {
	Name string // for errors
	Path string // of the jobs
	Wire func(T) W
}

// Accepted answers that a job was made.
func (k Kind[T, W]) Accepted(w http.ResponseWriter, id int64, made T) error {
	w.Header().Set("Location", k.Path+"/"+strconv.FormatInt(id, 10))
	return httpkit.WriteJSON(w, http.StatusAccepted, k.Wire(made))
}

// One answers with the job that the path names, as do returns it.
func (k Kind[T, W]) One(
	w http.ResponseWriter, r *http.Request, did string, do func(ctx context.Context, by auth.Principal, id int64) (T, error),
) error {
	id, err := httpkit.PathInteger(r, "id", auth.MaxID)
	if err != nil {
		return err
	}
	j, err := do(r.Context(), auth.From(r.Context()), id)
	if err != nil {
		return fmt.Errorf("%s %s %d: %w", did, k.Name, id, err)
	}
	return httpkit.WriteFresh(w, http.StatusOK, k.Wire(j))
}

// Handler serves the jobs over a filter F.
type Handler[F, W any] struct {
	Kind[filtered.Job[F], W]

	Service Service[F]
	Cursors page.Cursors
}

// Service is a filtered.Service.
type Service[F any] interface {
	Job(ctx context.Context, by auth.Principal, id int64) (filtered.Job[F], error)
	Jobs(ctx context.Context, before int64, limit int) ([]filtered.Job[F], bool, error)
	Abort(ctx context.Context, by auth.Principal, id int64) (filtered.Job[F], error)
}

// List answers with one page, newest first.
func (h *Handler[F, W]) List(w http.ResponseWriter, r *http.Request) error {
	return page.Serve(h.Cursors, w, r, h.Name+"s", paging.Most, h.Service.Jobs, h.Wire, func(j filtered.Job[F]) int64 { return j.ID })
}

// Get answers with one job.
func (h *Handler[F, W]) Get(w http.ResponseWriter, r *http.Request) error {
	return h.One(w, r, "get", h.Service.Job)
}

// Abort ends a job early.
func (h *Handler[F, W]) Abort(w http.ResponseWriter, r *http.Request) error {
	return h.One(w, r, "abort", h.Service.Abort)
}

// ReadRequest reads what a request has in common with others. Fields that cannot be read are errors of
// o, to which the rules add theirs.
func ReadRequest[F filtered.Filter[F]](o *form.Object, readFilter func(*form.Object) *F) filtered.Request[F] {
	return filtered.Request[F]{
		Filter: form.Optional(o, filtered.FieldFilter, form.Nested(readFilter)),
		All:    form.Optional(o, filtered.FieldAll, form.Bool),
		DryRun: form.Optional(o, filtered.FieldDryRun, form.Bool),
		Rate:   form.Optional(o, filtered.FieldRate, form.ID(filtered.MaxRate)), // 0 stands for none
	}
}
