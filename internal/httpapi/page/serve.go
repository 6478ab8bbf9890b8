package page

import (
	"context"
	"fmt"
	"net/http"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
)

// Serve answers with the page of a list by id that the request asks for: read is given
// the id after which it begins, 0 for the first one, and its limit, at most so many, and
// says whether there are more.
func Serve[T, W any](
	c Cursors, w http.ResponseWriter, r *http.Request, what string, most int64,
	read func(ctx context.Context, after int64, limit int) ([]T, bool, error), wired func(T) W, id func(T) int64,
) error {
	p := httpkit.ParamsOf(r)
	limit := int(p.Integer(httpkit.ParamLimit, most))
	after, err := Read(c, r, FromBody, DecodeID)
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
	var next []byte
	if more {
		next = EncodeID(id(list[len(list)-1]))
	}
	return Write(c, w, r, list, wired, next)
}

// Write answers with a page that no one may keep. The next one begins at the position, nil
// where there is none, and is named twice: in the body, and as a Link.
func Write[T, W any](c Cursors, w http.ResponseWriter, r *http.Request, list []T, wired func(T) W, next []byte) error {
	answer := wire.Page[W]{Data: make([]W, len(list))}
	for i, entry := range list {
		answer.Data[i] = wired(entry)
	}
	if next != nil {
		p := httpkit.ParamsOf(r)
		var err error
		if answer.NextCursor, err = c.Next(r, next); err != nil {
			return err
		}
		w.Header().Set("Link", p.Link(r.URL.Path, answer.NextCursor))
	}
	return httpkit.WriteFresh(w, http.StatusOK, answer)
}
