// Package work has the pages on what is going on: now, what failed, who waits, which hosts and workers there are.
package work

import (
	"context"
	"embed"
	"net/http"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/recent"
	"vitrine.dev/internal/statistics"
)

//go:embed templates/*.html
var templates embed.FS

// Templates reads those of the pages.
func Templates(f *frame.Frame) (frame.Set, error) { return f.Pages(templates, "templates/*.html") }

// Pages are the pages. They are safe for concurrent use.
type Pages struct {
	Work     *dispatch.Inspector
	Failures *failures.Service
	Findings *findings.Service
	Catalog  *catalog.Service
	Past     *statistics.Service
	Runs     gc.Runs
	URL      func(key string) string // where the public reads a picture
	Unread   *backoff.Outage         // logs that the history could not be read

	past   [spansShown]recent.Value[statistics.History]
	newest recent.Value[[]published]
}

// lookLife is for how long what pages have in common is given out.
const lookLife = time.Second

// recently looks once in lookLife, however many tabs are open, and gives up as frame.Ask does.
func recently[T any](ctx context.Context, v *recent.Value[T], look func(context.Context) (T, error)) (T, error) {
	return v.Get(ctx, lookLife, func(ctx context.Context) (T, error) { return frame.Ask(ctx, look) })
}

// Routes are those of the pages.
func (p *Pages) Routes() []frame.Route {
	return []frame.Route{
		{Method: http.MethodGet, Path: "", Scope: auth.Operator, Handle: p.now},
		{Method: http.MethodGet, Path: "/failed", Scope: auth.Operator, Handle: p.failed},
		{Method: http.MethodGet, Path: "/failed/confirm", Scope: auth.Operator, Handle: p.confirm},
		{Method: http.MethodPost, Path: "/failed/apply", Scope: auth.Operator, Handle: p.apply},
		{Method: http.MethodPost, Path: "/failed/selected", Scope: auth.Operator, Handle: p.selected},
		{Method: http.MethodGet, Path: "/jobs/failures/{id}", Scope: auth.Operator, Handle: p.job},
		{Method: http.MethodPost, Path: "/jobs/failures/{id}/abort", Scope: auth.Operator, Handle: p.abort},
		{Method: http.MethodGet, Path: "/queue", Scope: auth.Operator, Handle: p.queue},
		{Method: http.MethodGet, Path: "/hosts", Scope: auth.Operator, Handle: p.hosts},
		{Method: http.MethodPost, Path: "/hosts/{host}/try", Scope: auth.Operator, Handle: p.tryHost},
		{Method: http.MethodGet, Path: "/workers", Scope: auth.Operator, Handle: p.workers},
		{Method: http.MethodGet, Path: "/consistency", Scope: auth.Operator, Handle: p.consistency},
	}
}
