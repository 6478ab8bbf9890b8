package httpapi

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

const (
	paramPriceMin = "price_min"
	paramPriceMax = "price_max"
	paramLimit    = "limit"
	paramCursor   = "cursor"
)

func (a *api) listProducts(w http.ResponseWriter, r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refuse(http.StatusBadRequest, "the query is malformed: %s", "a % must be followed by two hexadecimal digits, and ; must be escaped")
	}
	filter := decodeFilter(query)
	held, err := take(r.Context(), a.memory.lists, maxPageMemory)
	if err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	defer held.free()
	page, err := a.Views.List(r.Context(), filter, func(ctx context.Context) (cache.Entry, error) {
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
		w.Header().Set("Link", nextLink(r.URL.Path, query, int64(next))) //nolint:gosec // encodePage wrote an id
	}
	w.Header().Set("Cache-Control", "no-cache")
	write(w, http.StatusOK, typeJSON, page.Body[pageHead:])
	return nil
}

// nextLink points to the next page of the same list.
func nextLink(path string, query url.Values, next int64) string {
	q := url.Values{}
	for _, name := range []string{catalog.FieldUserID, catalog.FieldName, paramPriceMin, paramPriceMax, paramLimit} {
		if v := query.Get(name); v != "" {
			q.Set(name, v)
		}
	}
	q.Set(paramCursor, encodeCursor(next))
	return "<" + path + "?" + q.Encode() + `>; rel="next"`
}

// params reads query parameters; an empty one counts as absent.
type params struct {
	values url.Values
	faults []fault.Field
}

// decodeFilter reads the query of a list. Parameters that it does not know are
// left to whoever put them there.
func decodeFilter(query url.Values) catalog.Filter {
	p := params{values: query}
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
			p.fault(paramCursor, "must be taken from the Link of the page before")
		}
		f.Before = before
	}
	f.Faults = p.faults
	return f
}

func (p *params) fault(name, reason string) {
	p.faults = append(p.faults, fault.Field{Name: name, Reason: reason})
}

func (p *params) text(name string) string {
	if len(p.values[name]) > 1 {
		p.fault(name, "must be given only once")
		return ""
	}
	return p.values.Get(name)
}

func (p *params) integer(name string, most int64) int64 {
	s := p.text(name)
	if s == "" {
		return 0
	}
	n, ok := parseUpTo(s, most)
	if !ok {
		p.fault(name, integerReason(most))
		return 0
	}
	return n
}

func (p *params) price(name string) *catalog.Price {
	s := p.text(name)
	if s == "" {
		return nil
	}
	price, err := catalog.ParsePrice(s)
	if err != nil {
		p.fault(name, err.Error())
		return nil
	}
	return &price
}
