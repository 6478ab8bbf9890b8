package httpapi

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
)

const (
	paramPriceMin = "price_min"
	paramPriceMax = "price_max"
	paramLimit    = "limit"
	paramCursor   = "cursor"
)

func (a *api) listProducts(w http.ResponseWriter, r *http.Request) error {
	query := paramsOf(r)
	filter := decodeFilter(query)
	held, err := take(r.Context(), a.memory.lists, maxPageMemory)
	if err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	defer held.free()
	page, err := a.Views.List(r.Context(), filter, a.form, func(ctx context.Context) (cache.Entry, error) {
		p, err := a.Service.List(ctx, filter)
		if err != nil {
			return cache.Entry{}, fmt.Errorf("load list: %w", err)
		}
		return encodePage(p)
	})
	if err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	if len(page.Body) < pageHead {
		return fmt.Errorf("list products: a cached page has only %d bytes", len(page.Body))
	}
	held.shrink(int64(len(page.Body)))
	if next := binary.BigEndian.Uint64(page.Body); next != 0 {
		w.Header().Set("Link", query.link(r.URL.Path, encodeCursor(int64(next)))) //nolint:gosec // encodePage wrote an id
	}
	w.Header().Set("Cache-Control", "no-cache")
	write(w, http.StatusOK, typeJSON, page.Body[pageHead:])
	return nil
}

func decodeFilter(p *params) catalog.Filter {
	f := catalog.Filter{
		UserID:   p.integer(catalog.FieldUserID, catalog.MaxID),
		PriceMin: p.price(paramPriceMin),
		PriceMax: p.price(paramPriceMax),
		Name:     p.text(catalog.FieldName),
		Limit:    int(p.integer(paramLimit, catalog.MaxListLimit)),
	}
	if s := p.text(paramCursor); s != "" {
		before, ok := decodeCursor(s)
		if !ok {
			p.errors.Add(paramCursor, "must be taken from the Link of the page before")
		}
		f.Before = before
	}
	f.FieldErrors = p.errors
	return f
}
