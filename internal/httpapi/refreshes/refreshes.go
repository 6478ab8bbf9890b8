package refreshes

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
	"vitrine.dev/internal/refresh"
)

// Handler serves refreshes of many images.
type Handler struct {
	jobs.Handler[refresh.Filter, wire.RefreshJob]

	service *refresh.Service
}

// New returns a Handler.
func New(service *refresh.Service) *Handler {
	kind := jobs.Kind[refresh.Job, wire.RefreshJob]{Name: "refresh job", Path: "/images/refresh", Wire: wireJob}
	return &Handler{jobs.Handler[refresh.Filter, wire.RefreshJob]{Kind: kind, Service: service}, service}
}

// Begin makes a job, or counts.
func (h *Handler) Begin(w http.ResponseWriter, r *http.Request) error {
	order, err := httpkit.DecodeBody(r, decodeOrder, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	matched, job, err := h.service.Begin(r.Context(), auth.From(r.Context()), order)
	switch {
	case err != nil:
		return fmt.Errorf("refresh images: %w", err)
	case job == nil:
		return httpkit.WriteJSON(w, http.StatusOK, wire.RefreshCount{Matched: matched, DryRun: true})
	}
	return h.Accepted(w, job.ID, *job)
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
func decodeOrder(body []byte) (order filtered.Request[refresh.Filter], err error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return order, err
	}
	order = jobs.ReadRequest(o, readFilter)
	o.RefuseRest(nil)
	order.FieldErrors = o.Errors
	return order, nil
}

func readFilter(o *form.Object) *refresh.Filter {
	return &refresh.Filter{
		Host:          form.Optional(o, filtered.FieldHost, form.Text),
		UserID:        form.Optional(o, filtered.FieldUserID, form.ID(catalog.MaxID)),
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
