package app

import (
	"context"
	"net/http"
	"sync/atomic"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/console"
	"vitrine.dev/internal/console/admin"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/console/session"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fetch"
	"vitrine.dev/internal/httpapi"
)

// lateConsole is the console of an API, on both listeners: the admin one answers before the other
// parts are open. Until then, and in other processes, there is nothing at its paths.
type lateConsole struct {
	open     func(*http.Request) (*http.Request, error) // while authentication is off
	sessions *session.Sessions                          // while it is on
	handler  atomic.Pointer[http.Handler]
}

// ServeHTTP answers with the console, where there is one yet.
func (c *lateConsole) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := c.handler.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	http.NotFound(w, r)
}

// addConsole puts the console together, of what the API is made of.
func (p *process) addConsole(deps *httpapi.Deps) error {
	live := frame.NewLive(p.followChanges, p.holdKey(deps))
	handler, err := console.New(console.Deps{
		Sessions: p.console.sessions, Open: p.console.open, Live: live, URL: p.blobs.URL, Log: p.log,
		Accounts: deps.Accounts, Work: deps.Work, Failures: deps.Failures, Findings: deps.Findings, Catalog: deps.Service, Attempts: deps.Attempts, Past: deps.Past, Runs: deps.Runs, Uploads: deps.Uploads,
		Webhooks: deps.Webhooks, Imports: deps.Imports, Refresh: deps.Refresh, Settings: p.settings, TraceURL: p.cfg.TraceURL,
		Importing: deps.Importing(), Redirects: fetch.DefaultConfig().MaxRedirects,
	})
	if err != nil {
		return err
	}
	p.console.handler.Store(&handler)
	deps.Console = &p.console
	p.tasks = append(p.tasks, task{name: "console", run: live.Run, early: true})
	return nil
}

// holdKey is deps.Hold; while authentication is off no key ends.
func (p *process) holdKey(deps *httpapi.Deps) func(context.Context, auth.Principal) (context.Context, context.CancelFunc) {
	if deps.Hold != nil {
		return deps.Hold
	}
	return func(ctx context.Context, _ auth.Principal) (context.Context, context.CancelFunc) {
		return context.WithCancel(ctx)
	}
}

// followChanges calls changed after each batch of the log of events, until ctx is done.
func (p *process) followChanges(ctx context.Context, changed func()) {
	outage := backoff.NewOutage(p.log, "open pages of the console do not hear of changes", "open pages of the console hear of changes again")
	err := events.Follow(ctx, p.openLog("console"), outage, changed, func(events.Batch) { changed() })
	if err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "open pages of the console no longer hear of changes", "error", err)
	}
}

// settings are the variables of this process, for the console.
func (p *process) settings() []admin.Setting {
	var list []admin.Setting
	for _, s := range p.cfg.Settings() {
		list = append(list, admin.Setting(s))
	}
	return list
}
