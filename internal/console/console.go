// Package console is the operators' pages: what waits, what failed, which hosts and workers there are, and
// what to do about it. Pages are rendered here and work without scripts.
package console

import (
	"context"
	"log/slog"
	"net/http"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/admin"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/console/products"
	"vitrine.dev/internal/console/session"
	"vitrine.dev/internal/console/work"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/statistics"
	"vitrine.dev/internal/upload"
	"vitrine.dev/internal/webhook"
)

// Deps is what the console is made of.
type Deps struct {
	// Sessions say whom a request acts for; nil while authentication is off: then Open says
	// whether it may be answered.
	Sessions *session.Sessions
	Open     func(*http.Request) (*http.Request, error)
	Live     *frame.Live
	URL      func(key string) string // where the public reads a picture
	Log      *slog.Logger

	Accounts *auth.Accounts
	Work     *dispatch.Inspector
	Failures *failures.Service
	Findings *findings.Service
	Catalog  *catalog.Service
	Past     *statistics.Service
	Runs     gc.Runs
	Attempts *attempts.Service
	Uploads  *upload.Service
	Webhooks *webhook.Service
	Imports  *imports.Service
	Refresh  *refresh.Service
	Settings func() []admin.Setting
	TraceURL string // of products.Pages
	// Redirects is how many the download of a picture follows.
	Redirects int
	// Importing bounds the files of imports that are received, together with those that the API receives.
	Importing httpkit.Budget
}

// pages are some routes and their templates.
type pages struct {
	set    func(*frame.Frame) (frame.Set, error)
	routes []frame.Route
}

// New returns the handler of all paths below frame.Path.
func New(d Deps) (http.Handler, error) {
	enter := d.Open
	if d.Sessions != nil {
		enter = d.Sessions.Enter
	}
	f, err := frame.New(frame.Config{
		Pictures: d.URL("x"), Enter: enter, Signs: d.Sessions != nil, Log: d.Log,
		Record: func(ctx context.Context, by auth.Principal, action, target, outcome string) error {
			return d.Accounts.Record(ctx, by, action, target, outcome)
		},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+frame.Path+"/assets/{sum}/{name}", f.ServeFile)
	mux.Handle("GET "+frame.Path+"/live", f.Stream(d.Live))
	if d.Sessions != nil {
		d.Sessions.Routes(mux, f)
	}
	for _, p := range d.pages() {
		set, err := p.set(f)
		if err != nil {
			return nil, err
		}
		for _, rt := range p.routes {
			mux.Handle(rt.Method+" "+frame.Path+rt.Path, f.Handler(set, rt))
		}
	}
	mux.Handle("GET "+frame.Path+"/{$}", http.RedirectHandler(frame.Path, http.StatusPermanentRedirect))
	mux.Handle(frame.Path+"/", f.Missing())
	return mux, nil
}

// Paths returns the addresses of all pages, as http.ServeMux spells them: that of a page on something has the place of its id.
func Paths() (paths []string) {
	for _, p := range (Deps{}).pages() {
		for _, rt := range p.routes {
			if rt.Method == http.MethodGet && rt.Handle != nil {
				paths = append(paths, frame.Path+rt.Path)
			}
		}
	}
	return paths
}

func (d Deps) pages() []pages {
	flow := &work.Pages{
		Work: d.Work, Failures: d.Failures, Findings: d.Findings, Catalog: d.Catalog, Past: d.Past, Runs: d.Runs, URL: d.URL,
		Unread: backoff.NewOutage(d.Log, "the history on the page Now could not be read", "the history on the page Now is read again"),
	}
	goods := &products.Pages{
		Accounts: d.Accounts, Catalog: d.Catalog, Work: d.Work, Failures: d.Failures, Attempts: d.Attempts, Uploads: d.Uploads, URL: d.URL, TraceURL: d.TraceURL, Redirects: d.Redirects, Log: d.Log,
	}
	rest := &admin.Pages{
		Accounts: d.Accounts, Webhooks: d.Webhooks, Imports: d.Imports, Failures: d.Failures, Refresh: d.Refresh, Settings: d.Settings,
		HasKeys: d.Sessions != nil, Importing: d.Importing,
	}
	return []pages{{work.Templates, flow.Routes()}, {products.Templates, goods.Routes()}, {admin.Templates, rest.Routes()}}
}
