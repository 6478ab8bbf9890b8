package accounts

import (
	"context"
	"fmt"
	"net/http"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// The kinds of cursors.
const (
	usersCursor = 4
	keysCursor  = 5
	auditCursor = 6
)

// servePage answers with the page of the list that the request asks for: read is given
// the id after which it begins, 0 for the first one, and its limit, and says whether
// there are more.
func servePage[T, W any](
	w http.ResponseWriter, r *http.Request, kind byte, what string,
	read func(ctx context.Context, after int64, limit int) ([]T, bool, error), wired func(T) W, id func(T) int64,
) error {
	p := httpkit.ParamsOf(r)
	limit, after := int(p.Integer(httpkit.ParamLimit, auth.MaxListLimit)), int64(0)
	if s := p.Text(httpkit.ParamCursor); s != "" {
		var ok bool
		if after, ok = httpkit.DecodeIDCursor(s, kind, auth.MaxID); !ok {
			p.Errors.Add(httpkit.ParamCursor, "must be the next_cursor of the page before")
		}
	}
	if err := p.Errors.Err(); err != nil {
		return err
	}
	list, more, err := read(r.Context(), after, limit)
	if err != nil {
		return fmt.Errorf("list %s: %w", what, err)
	}
	page := wire.Page[W]{Data: make([]W, len(list))}
	for i, entry := range list {
		page.Data[i] = wired(entry)
	}
	if more {
		page.NextCursor = httpkit.EncodeIDCursor(kind, id(list[len(list)-1]))
	}
	return write(w, http.StatusOK, page)
}

// write answers with what no one may keep.
func write(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Cache-Control", "no-store")
	return httpkit.WriteJSON(w, status, v)
}
