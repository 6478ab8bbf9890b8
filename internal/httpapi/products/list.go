package products

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpkit"
)

// named is a list as a request names it.
type named struct {
	filter    catalog.Filter
	selection catalog.Selection
	pages     *page.Pages
}

// NewNames returns what a Handler remembers lists in.
func NewNames() page.Names[*named] { return page.NewNames[*named]() }

// List answers with one page, or with all that the filter selects, a product on each line,
// where the client would rather have that.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	query := httpkit.ParamsOf(r)
	filter := decodeFilter(query)
	var err error
	if filter.After, err = page.Read(h.Cursors, r, page.FromLink, decodePosition); err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	filter.FieldErrors = query.Errors
	if filter.UserID, err = auth.From(r.Context()).ForReading(filter.UserID); err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	vary(w)
	if err := h.count(w, r, filter); err != nil {
		return fmt.Errorf("count products: %w", err)
	}
	if Streams(r) {
		err = h.stream(w, r, filter)
	} else {
		err = h.newPage(w, r, filter)
	}
	if err != nil {
		return fmt.Errorf("list products: %w", err)
	}
	return nil
}

// ListAgain answers with a page that was asked for before in the same words.
func (h *Handler) ListAgain(w http.ResponseWriter, r *http.Request) (answered bool, err error) {
	if len(r.Header["Prefer"]) > 0 || Streams(r) {
		return false, nil
	}
	list, known := h.Names.Of(r, h.Tag())
	if !known {
		return false, nil
	}
	vary(w)
	if err := h.sendPage(w, r, list); err != nil {
		return true, fmt.Errorf("list products: %w", err)
	}
	return true, nil
}

// newPage answers with a page, and remembers its list for ListAgain.
func (h *Handler) newPage(w http.ResponseWriter, r *http.Request, filter catalog.Filter) error {
	tag := h.Tag()
	selection, err := filter.Select(tag)
	if err != nil {
		return err
	}
	list := &named{filter: filter, selection: selection, pages: h.Cursors.Of(r)}
	if err := h.sendPage(w, r, list); err != nil {
		return err
	}
	if httpkit.ParamsOf(r).Text(httpkit.ParamCursor) == "" { // what has signed one may end
		h.Names.Keep(r, tag, list)
	}
	return nil
}

func vary(w http.ResponseWriter) { w.Header().Add("Vary", "Accept, Prefer") }

func (h *Handler) sendPage(w http.ResponseWriter, r *http.Request, list *named) error {
	held, err := h.Lists.Take(r.Context(), maxPageMemory)
	if err != nil {
		return err
	}
	defer held.Free()
	found, err := h.Views.List(r.Context(), list.selection, func(ctx context.Context) (cache.Entry, error) {
		p, err := h.Service.List(ctx, list.filter)
		if err != nil {
			return cache.Entry{}, fmt.Errorf("load list: %w", err)
		}
		return encodePage(list.filter, p, h.URL)
	})
	if err != nil {
		return err
	}
	body, next, err := cutPage(found.Body)
	if err != nil {
		return err
	}
	held.Shrink(int64(len(found.Body)))
	if len(next) > 0 {
		if err := list.pages.Link(r.Context(), w, next); err != nil {
			return err
		}
	}
	w.Header().Set("Cache-Control", "no-cache")
	httpkit.Write(w, http.StatusOK, httpkit.TypeJSON, body)
	return nil
}

const (
	preferCount    = "count"
	countExact     = "exact"
	countEstimated = "estimated"
	// headerTotalCount is no standard, but what most clients of lists look for.
	headerTotalCount = "X-Total-Count"
)

// count says how many products the filter selects, where the client prefers that.
func (h *Handler) count(w http.ResponseWriter, r *http.Request, filter catalog.Filter) error {
	preferred := httpkit.Preference(r, preferCount)
	if preferred != countExact && preferred != countEstimated {
		return nil
	}
	n, err := h.Service.Count(r.Context(), filter, preferred == countEstimated)
	if err != nil {
		return err
	}
	httpkit.Applied(w, preferCount, preferred)
	w.Header().Set(headerTotalCount, strconv.FormatInt(n, 10))
	return nil
}

func decodeFilter(p *httpkit.Params) catalog.Filter {
	f := catalog.Filter{
		UserID:       p.Integer(catalog.FieldUserID, catalog.MaxID),
		PriceMin:     readBound(p, catalog.FilterPriceMin),
		PriceMax:     readBound(p, catalog.FilterPriceMax),
		Name:         p.Text(catalog.FieldName),
		Limit:        int(p.Integer(httpkit.ParamLimit, catalog.MaxListLimit)),
		Query:        p.Text(catalog.FilterQuery),
		Sort:         find.Sort(p.Text(catalog.FilterSort)),
		ImageStatus:  catalog.Status(p.Text(catalog.FilterImageStatus)),
		SourceHost:   p.AnyCase(catalog.FilterSourceHost),
		UpdatedAfter: p.Time(catalog.FilterUpdatedAfter),
		ExternalID:   p.Text(catalog.FieldExternalID),
	}
	p.Spell(catalog.FieldName, find.Part(f.Name).Text)
	p.Spell(catalog.FilterQuery, find.Query(f.Query).Text)
	p.Spell(catalog.FilterSort, string(f.Sort.Or()))
	return f
}

func decodePosition(b []byte) (find.Position, bool) { return find.DecodePosition(b, catalog.MaxID) }

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
	p.Spell(name, price.String())
	return &price
}

const (
	// pageTail is the length of what ends a cached page: the length of what stands before it, where the
	// next page begins. The Link header is made from it for each request,
	// because requests that are spelled differently share a page.
	pageTail = 2
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
func encodePage(f catalog.Filter, p catalog.Page, url func(key string) string) (cache.Entry, error) {
	size := pageTail + 3
	for _, s := range p.Products {
		size += summaryBytes + s.Bytes()
	}
	body, next := bytes.NewBuffer(make([]byte, 0, size)), p.Next
	e := httpkit.NewEncoder(body)
	body.WriteByte('[')
	for i, last := 0, (find.Position{}); i < len(p.Products); i++ {
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
		last, p.Products[i] = f.PositionOf(p.Products[i]), catalog.Summary{}
	}
	body.WriteString("]\n")
	var tail []byte
	if next.ID != 0 {
		tail = next.Encode()
	}
	body.Write(tail)
	// Lists have no version of their own: every change starts a new generation.
	return cache.Entry{Version: 1, Body: binary.BigEndian.AppendUint16(body.Bytes(), uint16(len(tail)))}, nil //nolint:gosec // a position is short
}

var errShortPage = errors.New("a cached page is too short")

// cutPage returns the parts that encodePage has put together: the body, and where the next page begins.
func cutPage(whole []byte) (body, next []byte, err error) {
	if len(whole) < pageTail {
		return nil, nil, errShortPage
	}
	end := len(whole) - pageTail
	start := end - int(binary.BigEndian.Uint16(whole[end:]))
	if start < 0 {
		return nil, nil, errShortPage
	}
	return whole[:start], whole[start:end], nil
}
