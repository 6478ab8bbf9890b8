package accounts

import (
	"fmt"
	"net/http"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// ListAudit answers with one page of the audit log, newest first.
func (h *Handler) ListAudit(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	before, limit := page(p, auditCursor)
	if err := p.Errors.Err(); err != nil {
		return err
	}
	entries, more, err := h.Accounts.Audit(r.Context(), before, limit)
	if err != nil {
		return fmt.Errorf("list audit log: %w", err)
	}
	list := wire.AuditList{Data: make([]wire.AuditEntry, len(entries))}
	for i, e := range entries {
		list.Data[i] = wire.AuditEntry(e)
	}
	if more {
		list.NextCursor = httpkit.EncodeIDCursor(auditCursor, entries[len(entries)-1].ID)
	}
	return write(w, http.StatusOK, list)
}
