package accounts

import (
	"context"
	"fmt"
	"net/http"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// servePage answers with the page of the list that the request asks for: read is given
// the id after which it begins, 0 for the first one, and its limit, and says whether
// there are more.
func servePage[T, W any](
	c page.Cursors, w http.ResponseWriter, r *http.Request, what string,
	read func(ctx context.Context, after int64, limit int) ([]T, bool, error), wired func(T) W, id func(T) int64,
) error {
	p := httpkit.ParamsOf(r)
	limit := int(p.Integer(httpkit.ParamLimit, auth.MaxListLimit))
	after, err := page.Read(c, r, p.Selection(), page.FromBody, page.DecodeID)
	if err != nil {
		return fmt.Errorf("list %s: %w", what, err)
	}
	if err := p.Errors.Err(); err != nil {
		return err
	}
	list, more, err := read(r.Context(), after, limit)
	if err != nil {
		return fmt.Errorf("list %s: %w", what, err)
	}
	answer := wire.Page[W]{Data: make([]W, len(list))}
	for i, entry := range list {
		answer.Data[i] = wired(entry)
	}
	if more {
		if answer.NextCursor, err = c.Next(r, p.Selection(), page.EncodeID(id(list[len(list)-1]))); err != nil {
			return fmt.Errorf("list %s: %w", what, err)
		}
	}
	return write(w, http.StatusOK, answer)
}

// write answers with what no one may keep.
func write(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Cache-Control", "no-store")
	return httpkit.WriteJSON(w, status, v)
}
