// Package admin has the pages on the installation: users and their keys, webhooks, imports and other jobs, the
// audit log, settings.
package admin

import (
	"embed"
	"net/http"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/webhook"
)

//go:embed templates/*.html
var templates embed.FS

// Templates reads those of the pages.
func Templates(f *frame.Frame) (frame.Set, error) { return f.Pages(templates, "templates/*.html") }

// Setting is one variable, and where it comes from.
type Setting struct {
	Name, Value string
	Secret      bool   // it is set, and not told
	Origin      string // "" where it has its default
}

// Pages are the pages. They are safe for concurrent use.
type Pages struct {
	Accounts *auth.Accounts
	Webhooks *webhook.Service
	Imports  *imports.Service
	Failures *failures.Service
	Refresh  *refresh.Service
	Settings func() []Setting
	HasKeys  bool // authentication is on
	// Importing bounds what files that are received take of the disk.
	Importing httpkit.Budget
}

// Routes are those of the pages.
func (p *Pages) Routes() []frame.Route {
	get, post := http.MethodGet, http.MethodPost
	return []frame.Route{
		{Method: get, Path: "/users", Scope: auth.Admin, Handle: p.users},
		{Method: post, Path: "/users", Scope: auth.Admin, Recorded: true, Handle: p.addUser},
		{Method: get, Path: "/users/{id}", Scope: auth.Admin, Handle: p.user},
		{Method: post, Path: "/users/{id}/keys", Scope: auth.Admin, Recorded: true, Handle: p.addKey},
		{Method: post, Path: "/users/{id}/keys/{key}/rotate", Scope: auth.Admin, Recorded: true, Handle: p.rotateKey},
		{Method: post, Path: "/users/{id}/keys/{key}/revoke", Scope: auth.Admin, Recorded: true, Handle: p.revokeKey},
		{Method: get, Path: "/webhooks", Scope: auth.Admin, Handle: p.webhooks},
		{Method: get, Path: "/webhooks/{user}/{id}", Scope: auth.Admin, Handle: p.webhook},
		{Method: post, Path: "/webhooks/{user}/{id}/test", Scope: auth.Admin, Recorded: true, Handle: p.testWebhook},
		{Method: post, Path: "/webhooks/{user}/{id}/deliveries/{delivery}", Scope: auth.Admin, Recorded: true, Handle: p.redeliver},
		{Method: get, Path: "/jobs", Scope: auth.Operator, Handle: p.jobs},
		{Method: post, Path: "/jobs/imports", Scope: auth.Admin, Handle: p.beginImport},
		{Method: get, Path: "/jobs/imports/{id}", Scope: auth.Operator, Handle: p.anImport},
		{Method: post, Path: "/jobs/imports/{id}/{action}", Scope: auth.Admin, Handle: p.control},
		{Method: get, Path: "/audit", Scope: auth.Admin, Handle: p.audit},
		{Method: get, Path: "/settings", Scope: auth.Admin, Handle: p.settings},
	}
}
