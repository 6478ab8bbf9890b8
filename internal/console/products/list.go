package products

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/catalog/line"
	"vitrine.dev/internal/console/frame"
)

// listShown is how many products a page has.
const listShown = 48

// listPage is what the page Products shows.
type listPage struct {
	Line   string // the filter, as it was typed
	Faults []line.Fault
	Host   string // that is asked for
	Cards  []card
	Next   string
	Chips  []choice
}

// choice is one of the statuses to filter by.
type choice struct {
	Text, Href, Class string
	Here              bool
}

// card is one product.
type card struct {
	catalog.Summary

	Picture       string // of its cover; "" for none
	Class, Status string
}

// statusOf is the worst of a product's pictures, with its colour.
func statusOf(c catalog.Counts) (words, class string) {
	switch {
	case c.Failed > 0:
		return fmt.Sprintf("%d of %d failed", c.Failed, c.Total()), "failed"
	case c.Pending > 0:
		return fmt.Sprintf("%d of %d on their way", c.Pending, c.Total()), "waiting"
	case c.Ready > 0:
		return frame.Plural(c.Ready, "picture"), "ready"
	default:
		return "no picture", ""
	}
}

// with is the line with the status in place of the one that it has.
func with(l line.Line, status catalog.Status) string {
	l.Status = status
	return l.String()
}

func (p *Pages) list(r *http.Request) (frame.Answer, error) {
	asked := r.URL.Query().Get("q")
	selected, faults := line.Parse(asked)
	f := selected.Filter()
	f.Limit = listShown
	if position, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("after")); err == nil && len(position) > 0 {
		f.After, _ = find.DecodePosition(position, catalog.MaxID)
	}
	by := auth.From(r.Context())
	found, err := frame.Ask(r.Context(), func(ctx context.Context) (catalog.Page, error) {
		if f.UserID == 0 {
			return p.Catalog.ListOfAll(ctx, by, f)
		}
		return p.Catalog.List(ctx, f)
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list products: %w", err)
	}
	page := listPage{Line: asked, Faults: faults}
	page.Host = selected.Host
	for _, s := range found.Products {
		page.Cards = append(page.Cards, p.cardOf(s))
	}
	if found.Next != (find.Position{}) {
		page.Next = frame.Query(r, "after", base64.RawURLEncoding.EncodeToString(found.Next.Encode()))
	}
	page.Chips = chipsOf(r, selected)
	return frame.Answer{Page: frame.Page{Title: "Products", Nav: "products", Name: "products", Data: page, Live: true}}, nil
}

// chipsOf are the statuses by which the line may be narrowed: of all users only those for which there is
// an index, see catalog.Service.ListOfAll.
func chipsOf(r *http.Request, selected line.Line) (chips []choice) {
	f := selected.Filter()
	for _, c := range []choice{{Text: "All"}, {Text: "On their way", Class: "waiting"}, {Text: "Ready", Class: "ready"}, {Text: "Failed", Class: "failed"}} {
		status := map[string]catalog.Status{"waiting": catalog.Pending, "ready": catalog.Ready, "failed": catalog.Failed}[c.Class]
		if f.UserID == 0 && status != "" && status != catalog.Failed {
			continue
		}
		c.Href, c.Here = frame.Query(r, "q", with(selected, status)), f.ImageStatus == status
		chips = append(chips, c)
	}
	return chips
}

func (p *Pages) cardOf(s catalog.Summary) card {
	c := card{Summary: s}
	c.Status, c.Class = statusOf(s.Images)
	if s.Cover != nil {
		c.Picture = p.URL(s.Cover.Key)
	}
	return c
}
