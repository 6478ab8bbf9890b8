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
	"vitrine.dev/internal/httpapi/page"
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
	if filter.Before, err = page.Read(h.Cursors, r, query.Selection(), page.FromLink, page.DecodeID); err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	filter.FieldErrors = query.Errors
	if filter.UserID, err = auth.From(r.Context()).ForReading(filter.UserID); err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	held, err := h.Lists.Take(r.Context(), maxPageMemory)
	if err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	defer held.Free()
	found, err := h.Views.List(r.Context(), filter, h.Tag(), func(ctx context.Context) (cache.Entry, error) {
		p, err := h.Service.List(ctx, filter)
		if err != nil {
			return cache.Entry{}, fmt.Errorf("load list: %w", err)
		}
		return encodePage(p, h.URL)
	})
	if err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	if len(found.Body) < pageHead {
		return fmt.Errorf("list products: a cached page has only %d bytes", len(found.Body))
	}
	held.Shrink(int64(len(found.Body)))
	if id, more := page.DecodeID(found.Body[:pageHead]); more {
		if err := h.Cursors.Link(w, r, query.Selection(), page.EncodeID(id)); err != nil {
			return fmt.Errorf("list products: %w", err)
		}
	}
	w.Header().Set("Cache-Control", "no-cache")
	httpkit.Write(w, http.StatusOK, httpkit.TypeJSON, found.Body[pageHead:])
	return nil
}

func decodeFilter(p *httpkit.Params) catalog.Filter {
	return catalog.Filter{
		UserID:   p.Integer(catalog.FieldUserID, catalog.MaxID),
		PriceMin: readBound(p, paramPriceMin),
		PriceMax: readBound(p, paramPriceMax),
		Name:     p.Text(catalog.FieldName),
		Limit:    int(p.Integer(httpkit.ParamLimit, catalog.MaxListLimit)),
	}
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
