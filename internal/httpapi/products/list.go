package products

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"

	"vitrine.dev/internal/auth"
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
	var err error
	if filter.UserID, err = auth.From(r.Context()).ForReading(filter.UserID); err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	held, err := h.Lists.Take(r.Context(), maxPageMemory)
	if err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	defer held.Free()
	page, err := h.Views.List(r.Context(), filter, h.Tag(), func(ctx context.Context) (cache.Entry, error) {
		p, err := h.Service.List(ctx, filter)
		if err != nil {
			return cache.Entry{}, fmt.Errorf("load list: %w", err)
		}
		return encodePage(p, h.URL)
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

const (
	// pageHead is the length of what precedes the body in a cached page:
	// the id after which the next page begins. The Link header is made from it
	// for each request, because requests that are spelled differently share a
	// page.
	pageHead = 8
	// maxPageBody is where a page ends whose texts take more in JSON than they
	// have bytes (a control character takes six). Other pages reach
	// catalog.MaxPageBytes first.
	maxPageBody = 2 * catalog.MaxPageBytes
	// summaryBytes is about what a product takes on a page beside its texts.
	summaryBytes = 400
	// maxPageMemory is what a page takes while it is read and encoded.
	maxPageMemory = catalog.MaxPageBytes + maxPageBody
)

// encodePage encodes one product after the other and releases each, so that a
// page is not held twice.
func encodePage(p catalog.Page, url func(key string) string) (cache.Entry, error) {
	size := pageHead + 3
	for _, s := range p.Products {
		size += summaryBytes + s.Bytes()
	}
	body, next := bytes.NewBuffer(make([]byte, pageHead, size)), p.Next
	e := httpkit.NewEncoder(body)
	body.WriteByte('[')
	for i, last := 0, int64(0); i < len(p.Products); i++ {
		before := body.Len()
		if i > 0 {
			body.WriteByte(',')
		}
		if err := e.Encode(wireSummary(p.Products[i], url)); err != nil {
			return cache.Entry{}, err
		}
		body.Truncate(body.Len() - 1) // the line break after it
		if i > 0 && body.Len() > maxPageBody {
			body.Truncate(before)
			next = last
			break
		}
		last, p.Products[i] = p.Products[i].ID, catalog.Summary{}
	}
	body.WriteString("]\n")
	b := body.Bytes()
	binary.BigEndian.PutUint64(b, uint64(next))
	// Lists have no version of their own: every change starts a new generation.
	return cache.Entry{Version: 1, Body: b}, nil
}

const cursorKind = 1

// encodeCursor makes the opaque text that stands for the last id of a page.
func encodeCursor(id int64) string { return httpkit.EncodeIDCursor(cursorKind, id) }

// decodeCursor reads it back; ok is false for all that encodeCursor never made.
func decodeCursor(s string) (id int64, ok bool) {
	return httpkit.DecodeIDCursor(s, cursorKind, catalog.MaxID)
}
