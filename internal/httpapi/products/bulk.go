package products

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/form"
)

const (
	// MaxBulkBytes bounds the body of a bulk request.
	MaxBulkBytes = 16 << 20
	// bulkTimeout bounds the work on one, once it has arrived.
	bulkTimeout = 45 * time.Second
)

// Bulk writes many products, and answers for each of them.
func (h *Handler) Bulk(w http.ResponseWriter, r *http.Request) error {
	key, err := idempotencyKey(r.Header)
	if err != nil {
		return err
	}
	p := httpkit.ParamsOf(r)
	policy, mode, user := p.Text(bulk.FieldPolicy), p.Text(bulk.FieldMode), int64(0)
	if p.Text(catalog.FieldUserID) != "" {
		user = p.Integer(catalog.FieldUserID, catalog.MaxID)
	}
	if err := p.Errors.Err(); err != nil {
		return err
	}
	httpkit.AllowLarge(r, MaxBulkBytes)
	order, err := httpkit.DecodeBody(r, decodeBulk, "Accept-Post", httpkit.TypeJSON)
	if err != nil {
		return err
	}
	httpkit.Received(r)
	order.UserID, order.Key, order.Policy, order.Mode = user, key, bulk.Policy(policy), catalog.Mode(mode)
	if order.Policy == "" {
		order.Policy = bulk.Rows
	}
	if order.Mode == "" {
		order.Mode = catalog.Upsert
	}
	ctx, cancel := context.WithTimeout(r.Context(), bulkTimeout)
	defer cancel()
	results, err := h.Bulks.Write(ctx, auth.From(ctx), order)
	if err != nil {
		return fmt.Errorf("write products: %w", err)
	}
	if results.Replayed {
		w.Header().Set(httpkit.HeaderIdempotentReplayed, "true")
	}
	return httpkit.WriteJSON(w, http.StatusOK, wireBulk(results))
}

// decodeBulk reads the body of a bulk request. Products that cannot be read are errors in
// their rows.
func decodeBulk(body []byte) (bulk.Order, error) {
	o, err := form.ReadObject(body)
	if err != nil {
		return bulk.Order{}, err
	}
	order := bulk.Order{Sum: sha256.Sum256(body), Rows: form.Required(o, bulk.FieldProducts, readRows)}
	o.RefuseRest(nil)
	return order, o.Errors.Err()
}

func readRows(o *form.Object, name string, raw jsontext.Value) []catalog.Row {
	first, count := form.Entries(o, name, "objects", bulk.MaxRows, raw)
	list := make([]catalog.Row, min(count, bulk.MaxRows+1)) // one more is too many
	for i, entry := range first {
		list[i] = DecodeRow(entry).Judged(bulk.MaxRowErrors) // else a thousand times what one is made of is kept
	}
	return list
}

// DecodeRow reads one product of many.
func DecodeRow(raw []byte) catalog.Row {
	var r catalog.Row
	if len(raw) > rows.MaxRowBytes {
		r.FieldErrors.Add(rows.FieldRow, fmt.Sprintf("must have at most %d bytes", rows.MaxRowBytes))
		return r
	}
	o, err := form.ReadObject(raw)
	if err != nil {
		r.FieldErrors.AddAll("", catalog.FieldsOf(err, rows.FieldRow))
		if r.FieldErrors.Has(fault.FieldBody) || len(r.FieldErrors) == 0 {
			r.FieldErrors = fault.FieldErrors{{Name: rows.FieldRow, Reason: "must be a JSON object of the fields of a product"}}
		}
		return r
	}
	r.ExternalID = form.Optional(o, catalog.FieldExternalID, readExternalID)
	r.Alts = form.Changed(o, catalog.FieldAlts, form.Texts(catalog.MaxImages))
	r.Patch = readPatch(o)
	o.RefuseRest(keptOfProduct(map[string]string{"id": ours, catalog.FieldUserID: "is given for all products together"}))
	r.FieldErrors = o.Errors
	return r
}

func wireBulk(r bulk.Results) wire.BulkResults {
	answer := wire.BulkResults{Results: make([]wire.BulkResult, len(r.Rows))}
	counts := map[catalog.Outcome]*int{
		catalog.Created: &answer.Created, catalog.Updated: &answer.Updated, catalog.Unchanged: &answer.Unchanged,
		catalog.Rejected: &answer.Failed, catalog.Superseded: &answer.Superseded,
	}
	for i, row := range r.Rows {
		*counts[row.Outcome]++
		answer.Results[i] = wire.BulkResult{Outcome: string(row.Outcome), ProductID: row.ProductID}
		for _, f := range row.Errors {
			answer.Results[i].Errors = append(answer.Results[i].Errors, wire.RowError{Field: f.Name, Reason: f.Reason})
		}
	}
	return answer
}
