// Package products has the pages on products and their pictures.
package products

import (
	"context"
	"embed"
	"log/slog"
	"net/http"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/upload"
)

//go:embed templates/*.html
var templates embed.FS

// Templates reads those of the pages.
func Templates(f *frame.Frame) (frame.Set, error) { return f.Pages(templates, "templates/*.html") }

// Pages are the pages. They are safe for concurrent use.
type Pages struct {
	Accounts *auth.Accounts
	Catalog  *catalog.Service
	Work     *dispatch.Inspector
	Failures *failures.Service
	Attempts *attempts.Service
	Uploads  *upload.Service
	URL      func(key string) string // where the public reads a picture
	// Redirects is how many the download of a picture follows.
	Redirects int
	Log       *slog.Logger
	TraceURL  string // where one sees the trace whose id stands in place of TraceID; "": nowhere
}

// TraceID stands for the id of a trace, 32 hex digits, in Pages.TraceURL.
const TraceID = "{trace_id}"

// Routes are those of the pages.
func (p *Pages) Routes() []frame.Route {
	return []frame.Route{
		{Method: http.MethodGet, Path: "/products", Scope: auth.Operator, Handle: p.list},
		{Method: http.MethodGet, Path: "/products/suggestions", Scope: auth.Operator, Send: p.suggest},
		{Method: http.MethodGet, Path: "/products/{id}", Scope: auth.Operator, Handle: p.product},
		{Method: http.MethodGet, Path: "/products/{id}/images/{image}", Scope: auth.Operator, Handle: p.picture},
		{Method: http.MethodGet, Path: "/products/{id}/images/{image}/source", Scope: auth.Operator, Send: p.source},
		{Method: http.MethodPost, Path: "/products/{id}/images/{image}/retry", Scope: auth.Operator, Handle: p.retry},
		{Method: http.MethodPost, Path: "/products/{id}/images/{image}/refresh", Scope: auth.Operator, Handle: p.refresh},
	}
}

// read returns the product of the path.
func (p *Pages) read(r *http.Request) (catalog.Product, error) {
	id, err := frame.PathID(r, "id")
	if err != nil {
		return catalog.Product{}, err
	}
	by := auth.From(r.Context())
	return frame.Ask(r.Context(), func(ctx context.Context) (catalog.Product, error) { return p.Catalog.Product(ctx, by, id) })
}
