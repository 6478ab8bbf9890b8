package refreshes

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
	"vitrine.dev/internal/refresh"
)

// Handler serves refreshes of many images.
type Handler struct{ Service *refresh.Service }

// Begin makes a job, or counts.
func (h *Handler) Begin(w http.ResponseWriter, r *http.Request) error {
	order, err := httpkit.DecodeBody(r, decodeOrder, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	matched, job, err := h.Service.Begin(r.Context(), auth.From(r.Context()), order)
	switch {
	case err != nil:
		return fmt.Errorf("refresh images: %w", err)
	case job == nil:
		return httpkit.WriteJSON(w, http.StatusOK, wire.RefreshCount{Matched: matched, DryRun: true})
	}
	w.Header().Set("Location", "/images/refresh/"+strconv.FormatInt(job.ID, 10))
	return httpkit.WriteJSON(w, http.StatusAccepted, wireJob(*job))
}

// Get answers with one job.
func (h *Handler) Get(w http.ResponseWriter, r *http.Request) error {
	id, err := httpkit.PathInteger(r, "id", catalog.MaxID)
	if err != nil {
		return err
	}
	job, err := h.Service.Job(r.Context(), auth.From(r.Context()), id)
	if err != nil {
		return fmt.Errorf("get refresh job %d: %w", id, err)
	}
	w.Header().Set("Cache-Control", "no-store")
	return httpkit.WriteJSON(w, http.StatusOK, wireJob(job))
}

// Abort ends a job early.
func (h *Handler) Abort(w http.ResponseWriter, r *http.Request) error {
	id, err := httpkit.PathInteger(r, "id", catalog.MaxID)
	if err != nil {
		return err
	}
	job, err := h.Service.Abort(r.Context(), auth.From(r.Context()), id)
	if err != nil {
		return fmt.Errorf("abort refresh job %d: %w", id, err)
	}
	return httpkit.WriteJSON(w, http.StatusOK, wireJob(job))
}

func wireJob(j refresh.Job) wire.RefreshJob {
	return wire.RefreshJob{
		ID: j.ID, Rate: j.Rate, Total: j.Total, Done: j.Done, State: string(j.State), CreatedAt: j.CreatedAt,
		Filter: wire.RefreshFilter{
			Host: j.Filter.Host, UserID: j.Filter.UserID, ProductIDs: j.Filter.ProductIDs, UpdatedBefore: wire.OrNil(j.Filter.UpdatedBefore),
		},
		FinishedAt: wire.OrNil(j.FinishedAt),
	}
}

// decodeOrder reads the body. Fields that cannot be read are errors in the order, to which
// the rules add theirs.
func decodeOrder(body []byte) (refresh.Request, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return refresh.Request{}, err
	}
	order := refresh.Request{
		Filter: form.Optional(o, refresh.FieldFilter, form.Nested(readFilter)),
		All:    form.Optional(o, refresh.FieldAll, form.Bool),
		DryRun: form.Optional(o, refresh.FieldDryRun, form.Bool),
		Rate:   form.Optional(o, refresh.FieldRate, form.ID(refresh.MaxRate)), // 0 stands for none
	}
	o.RefuseRest(nil)
	order.FieldErrors = o.Errors
	return order, nil
}

func readFilter(o *form.Object) *refresh.Filter {
	return &refresh.Filter{
		Host:          form.Optional(o, refresh.FieldHost, form.Text),
		UserID:        form.Optional(o, refresh.FieldUserID, form.ID(catalog.MaxID)),
		ProductIDs:    form.Optional(o, refresh.FieldProductIDs, readIDs),
		UpdatedBefore: form.Optional(o, refresh.FieldUpdatedBefore, form.Time),
	}
}

// readIDs reads an array of ids; each entry has errors of its own.
func readIDs(o *form.Object, name string, raw jsontext.Value) []int64 {
	first, _ := form.Entries(o, name, "ids of products", refresh.MaxProductIDs+1, raw) // the rules refuse so many
	if len(first) == 0 {
		o.Errors.Add(name, "must not be empty")
	}
	ids := make([]int64, 0, len(first))
	for i, entry := range first {
		if o.Errors.Full() {
			break
		}
		ids = append(ids, form.ID(catalog.MaxID)(o, fmt.Sprintf("%s[%d]", name, i), entry))
	}
	return ids
}
