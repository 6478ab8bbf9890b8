package failures

import (
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
)

// Replay retries failed images.
func (h *Handler) Replay(w http.ResponseWriter, r *http.Request) error {
	return h.apply(w, r, failures.Replay)
}

// Discard takes dead letters off the list.
func (h *Handler) Discard(w http.ResponseWriter, r *http.Request) error {
	return h.apply(w, r, failures.Discard)
}

func (h *Handler) apply(w http.ResponseWriter, r *http.Request, action failures.Action) error {
	order, err := httpkit.DecodeBody(r, decodeOrder, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	order.Action = action
	out, err := h.Service.Apply(r.Context(), auth.From(r.Context()), order)
	if err != nil {
		return fmt.Errorf("%s dead letters: %w", action, err)
	}
	if out.Job != nil {
		return kind().Accepted(w, out.Job.ID, *out.Job)
	}
	answer := wire.DeadOutcome{Matched: out.Matched, Done: out.Done, DryRun: order.DryRun, Skipped: []wire.Skipped{}}
	for _, s := range out.Skipped {
		answer.Skipped = append(answer.Skipped, wire.Skipped{ID: s.ID.String(), Reason: s.Reason})
	}
	return httpkit.WriteJSON(w, http.StatusOK, answer)
}

// decodeOrder reads the body of a replay or a discard. Fields that
// cannot be read are errors in the order, to which the rules add theirs.
func decodeOrder(body []byte) (failures.Request, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return failures.Request{}, err
	}
	order := failures.Request{
		Request: jobs.ReadRequest(o, readFilter),
		ByIDs:   o.Has(failures.FieldIDs),
		IDs:     form.Optional(o, failures.FieldIDs, readIDs),
	}
	o.RefuseRest(nil)
	order.FieldErrors = o.Errors
	return order, nil
}

// readIDs reads an array of ids; each entry has errors of its own.
func readIDs(o *form.Object, name string, raw jsontext.Value) []failures.ID {
	first, _ := form.Entries(o, name, "ids such as image-42", failures.MaxIDs+1, raw) // the rules refuse so many
	ids := make([]failures.ID, 0, len(first))
	for i, entry := range first {
		if o.Errors.Full() {
			break
		}
		field := fmt.Sprintf("%s[%d]", name, i)
		text := ""
		if form.KindOf(entry) == "a string" {
			text = form.Text(o, field, entry)
		}
		id, ok := failures.ParseID(text)
		if !ok {
			o.Errors.Add(field, "must be an id such as image-42 or message-7")
		}
		ids = append(ids, id)
	}
	return ids
}

// readFilter reads the object that a list has as its query.
func readFilter(o *form.Object) *failures.Filter {
	return &failures.Filter{
		Reason:       fault.Reason(form.Optional(o, failures.FieldReason, form.Text)),
		Host:         form.Optional(o, filtered.FieldHost, form.Text),
		UserID:       form.Optional(o, filtered.FieldUserID, form.ID(catalog.MaxID)),
		ProductID:    form.Optional(o, failures.FieldProductID, form.ID(catalog.MaxID)),
		FailedAfter:  form.Optional(o, failures.FieldFailedAfter, form.Time),
		FailedBefore: form.Optional(o, failures.FieldFailedBefore, form.Time),
	}
}
