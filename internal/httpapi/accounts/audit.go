package accounts

import (
	"net/http"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/paging"
)

// ListAudit answers with one page of the audit log, newest first.
func (h *Handler) ListAudit(w http.ResponseWriter, r *http.Request) error {
	return page.Serve(h.Cursors, w, r, "audit log", paging.Most, h.Accounts.Audit,
		func(e auth.Entry) wire.AuditEntry { return wire.AuditEntry(e) }, func(e auth.Entry) int64 { return e.ID })
}
