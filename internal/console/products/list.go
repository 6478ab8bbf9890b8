package products

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/find"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/fault"
)

// listShown is how many products a page has.
const listShown = 48

// listPage is what the page Products shows.
type listPage struct {
	Line  string // the filter, as it was typed
	Cards []card
	Next  string
	Chips []choice
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

// filterOf reads the line of words, of which those with a colon are conditions.
func filterOf(line string) catalog.Filter {
	var f catalog.Filter
	var words []string
	for word := range strings.FieldsSeq(line) {
		name, value, found := strings.Cut(word, ":")
		switch {
		case found && name == "user":
			id, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				f.FieldErrors.Add("user", "must be the id of a user")
			}
			f.UserID = id
		case found && name == "status":
			f.ImageStatus = catalog.Status(value)
		case found && name == "price":
			low, high, _ := strings.Cut(value, "..")
			f.PriceMin, f.PriceMax = price(&f.FieldErrors, low), price(&f.FieldErrors, high)
		default:
			words = append(words, word)
		}
	}
	f.Query = strings.Trim(strings.Join(words, " "), `"`)
	return f
}

func price(bad *fault.FieldErrors, text string) *catalog.Price {
	if text == "" {
		return nil
	}
	p, err := catalog.ParsePrice(text)
	if err != nil {
		bad.Add("price", err.Error())
	}
	return &p
}

// with is the line with the status in place of the one that it has.
func with(line, status string) string {
	words := strings.Fields(line)
	kept := words[:0]
	for _, w := range words {
		if !strings.HasPrefix(w, "status:") {
			kept = append(kept, w)
		}
	}
	if status != "" {
		kept = append(kept, "status:"+status)
	}
	return strings.Join(kept, " ")
}

func (p *Pages) list(r *http.Request) (frame.Answer, error) {
	line := r.URL.Query().Get("q")
	f := filterOf(line)
	f.Limit = listShown
	if position, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("after")); err == nil && len(position) > 0 {
		f.After, _ = find.DecodePosition(position, catalog.MaxID)
	}
	found, err := frame.Ask(r.Context(), func(ctx context.Context) (catalog.Page, error) {
		return p.Catalog.Browse(ctx, auth.From(r.Context()), f)
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list products: %w", err)
	}
	page := listPage{Line: line}
	for _, s := range found.Products {
		page.Cards = append(page.Cards, p.cardOf(s))
	}
	if found.Next != (find.Position{}) {
		page.Next = frame.Query(r, "after", base64.RawURLEncoding.EncodeToString(found.Next.Encode()))
	}
	for _, c := range []choice{{Text: "All"}, {Text: "On their way", Class: "waiting"}, {Text: "Ready", Class: "ready"}, {Text: "Failed", Class: "failed"}} {
		status := map[string]catalog.Status{"waiting": catalog.Pending, "ready": catalog.Ready, "failed": catalog.Failed}[c.Class]
		c.Href, c.Here = frame.Query(r, "q", with(line, string(status))), f.ImageStatus == status
		page.Chips = append(page.Chips, c)
	}
	return frame.Answer{Page: frame.Page{Title: "Products", Nav: "products", Name: "products", Data: page, Live: true}}, nil
}

func (p *Pages) cardOf(s catalog.Summary) card {
	c := card{Summary: s}
	c.Status, c.Class = statusOf(s.Images)
	if s.Cover != nil {
		c.Picture = p.URL(s.Cover.Key)
	}
	return c
}
