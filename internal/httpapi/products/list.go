package products

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpkit"
)

const (
	paramPriceMin = "price_min"
	paramPriceMax = "price_max"
)

// List answers with one page.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	query := httpkit.ParamsOf(r)
	filter := decodeFilter(query)
	held, err := h.Lists.Take(r.Context(), maxPageMemory)
	if err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	defer held.Free()
	page, err := h.Views.List(r.Context(), filter, h.Format, func(ctx context.Context) (cache.Entry, error) {
		p, err := h.Service.List(ctx, filter)
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
	held.Shrink(int64(len(page.Body)))
	if next := binary.BigEndian.Uint64(page.Body); next != 0 {
		w.Header().Set("Link", query.Link(r.URL.Path, encodeCursor(int64(next)))) //nolint:gosec // encodePage wrote an id
	}
	w.Header().Set("Cache-Control", "no-cache")
	httpkit.Write(w, http.StatusOK, httpkit.TypeJSON, page.Body[pageHead:])
	return nil
}

func decodeFilter(p *httpkit.Params) catalog.Filter {
	f := catalog.Filter{
		UserID:   p.Integer(catalog.FieldUserID, catalog.MaxID),
		PriceMin: readBound(p, paramPriceMin),
		PriceMax: readBound(p, paramPriceMax),
		Name:     p.Text(catalog.FieldName),
		Limit:    int(p.Integer(httpkit.ParamLimit, catalog.MaxListLimit)),
	}
	if s := p.Text(httpkit.ParamCursor); s != "" {
		before, ok := decodeCursor(s)
		if !ok {
			p.Errors.Add(httpkit.ParamCursor, "must be taken from the Link of the page before")
		}
		f.Before = before
	}
	f.FieldErrors = p.Errors
	return f
}

// readBound reads a price, nil where it is absent.
func readBound(p *httpkit.Params, name string) *catalog.Price {
	s := p.Text(name)
	if s == "" {
		return nil
	}
	price, err := catalog.ParsePrice(s)
	if err != nil {
		p.Errors.Add(name, err.Error())
		return nil
	}
	return &price
}
