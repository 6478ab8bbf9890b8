package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/export"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/feed"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/httpapi/accounts"
	eventsapi "vitrine.dev/internal/httpapi/events"
	"vitrine.dev/internal/httpapi/exports"
	failuresapi "vitrine.dev/internal/httpapi/failures"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/httpapi/health"
	"vitrine.dev/internal/httpapi/images"
	importsapi "vitrine.dev/internal/httpapi/imports"
	"vitrine.dev/internal/httpapi/manual"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/problems"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/refreshes"
	"vitrine.dev/internal/httpapi/uploads"
	"vitrine.dev/internal/httpapi/webhooks"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpapi/work"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/server"
	"vitrine.dev/internal/monitor"
	"vitrine.dev/internal/progress"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/signing"
	"vitrine.dev/internal/statistics"
	"vitrine.dev/internal/tracing"
	"vitrine.dev/internal/upload"
	"vitrine.dev/internal/webhook"
)

// Deps is what the API is made of. All of it is required, but Ready may be nil:
// there are no parts, and Stopping: never.
type Deps struct {
	Service  *catalog.Service
	Bulk     *bulk.Service
	Failures *failures.Service
	Refresh  *refresh.Service
	Work     *dispatch.Inspector
	Findings *findings.Service
	Attempts *attempts.Service
	Past     *statistics.Service
	Runs     gc.Runs
	Exports  *export.Service
	Imports  *imports.Service
	Views    *catalog.Views
	Progress *progress.Watch // nil: no answer waits for images
	Feed     *feed.Feed
	Images   images.Files
	Uploads  *upload.Service
	Epoch    func() string                        // of the installation: entity tags of another one match nothing here
	URL      func(key string) string              // where the public reads an object of Images
	Ready    func(context.Context) monitor.Report // for /readyz
	// Stopping reports whether the process is about to end: /readyz then sends
	// requests elsewhere, and clients are asked to close their connections.
	Stopping func() bool
	// Accounts are users and keys; Keys are answered with 409 where it is false.
	Accounts *auth.Accounts
	Webhooks *webhook.Service
	HasKeys  bool
	Signing  *signing.Keys // of cursors
	// Authorize is a guard's. nil: every request may do everything.
	Authorize func(*http.Request, server.Route) (*http.Request, error)
	// Hold ends what goes on for longer than an answer with the key of its principal, as an
	// Authenticator's does. nil: no key ends.
	Hold func(context.Context, auth.Principal) (context.Context, context.CancelFunc)
	// Origins are the sites whose pages may read what is answered, as browsers write them;
	// * for every site.
	Origins []string
	// Console answers for the paths below PathConsole. nil: there is none.
	Console http.Handler
	// Limits are those on requests; the zero value has none.
	Limits  guard.Limits
	Tracer  *tracing.Tracer                                       // nil: requests have no spans
	Observe func(r *http.Request, status int, took time.Duration) // that of server.Config
	Log     *slog.Logger

	importing *httpkit.Budget // see Importing
}

// New returns the handler of the API.
func New(deps Deps) http.Handler {
	config := deps.server()
	config.Wrap = withConsole(deps.Console, crossOrigin(deps.Origins))
	return server.New(config, deps.routes())
}

// routes are the API.
func (d Deps) routes() []server.Route {
	description := newDescription()
	tag, lists, cursors := d.tag(), budget(maxListMemory), page.NewCursors(d.Signing)
	receiving, importing := budget(maxReceiving), d.Importing()
	waits := products.Waits{Service: d.Service, Watch: d.Progress, Stopping: d.stopping}
	product := &products.Handler{
		Service: d.Service, Bulks: d.Bulk, Views: d.Views, URL: d.URL, Tag: tag, Lists: lists, Details: budget(maxDetailMemory), Cursors: cursors, Waits: waits,
		Uploads: d.Uploads, Receiving: receiving, Names: products.NewNames(),
	}
	failure := &failuresapi.Handler{Service: d.Failures, URL: d.URL, Tag: tag, Lists: lists, Cursors: cursors, Waits: waits}
	job := failuresapi.NewJobs(d.Failures, cursors)
	image := &images.Handler{Files: d.Images, Service: d.Service, Uploads: d.Uploads}
	sent := &uploads.Handler{Service: d.Uploads, Signing: d.Signing, Receiving: receiving, Files: importing}
	exported := &exports.Handler{Exports: d.Exports, Memory: budget(maxExportMemory), Uploads: d.Uploads}
	imported := &importsapi.Handler{Service: d.Imports, Cursors: cursors, Receiving: importing, Uploads: d.Uploads}
	many := refreshes.New(d.Refresh)
	account := &accounts.Handler{Accounts: d.Accounts, Keys: d.HasKeys, Cursors: cursors}
	endpoint := &webhooks.Handler{Service: d.Webhooks, Cursors: cursors}
	waiting := &work.Handler{Inspector: d.Work, Findings: d.Findings, Attempts: d.Attempts, Past: d.Past, Runs: d.Runs, URL: d.URL, Cursors: cursors}
	event := &eventsapi.Handler{Feed: d.Feed, Service: d.Service, Tokens: auth.NewStreamTokens(d.Signing, nil), Hold: d.Hold, Lists: lists}
	routes := append(d.adminRoutes(), []server.Route{
		{Method: http.MethodPost, Path: "/products", Handle: product.Create, Scopes: scopes(auth.ProductsWrite), Describe: products.DescribeCreate},
		{Method: http.MethodGet, Path: "/products", Handle: product.List, Again: product.ListAgain, Scopes: scopes(auth.ProductsRead, auth.Operator), Query: products.ListQuery(), Describe: products.DescribeList, LongIf: products.Streams},
		{Method: http.MethodPost, Path: "/products/bulk", Handle: product.Bulk, Scopes: scopes(auth.ProductsWrite), Query: products.BulkQuery(), Describe: products.DescribeBulk, Long: true},
		{Method: http.MethodGet, Path: "/products/{id}", Handle: product.Get, Scopes: scopes(auth.ProductsRead, auth.Operator), Describe: products.DescribeGet},
		{Method: http.MethodPatch, Path: "/products/{id}", Handle: product.Change, Scopes: scopes(auth.ProductsWrite), Describe: products.DescribeChange},
		{Method: http.MethodDelete, Path: "/products/{id}", Handle: product.Delete, Scopes: scopes(auth.ProductsWrite), Describe: products.DescribeDelete},
		{Method: http.MethodPut, Path: "/products/external/{external_id}", Handle: product.Put, Scopes: scopes(auth.ProductsWrite), Describe: products.DescribePut},
		{Method: http.MethodGet, Path: "/products/{id}/images", Handle: product.ListImages, Scopes: scopes(auth.ProductsRead, auth.Operator), Describe: products.DescribeListImages},
		{Method: http.MethodPost, Path: "/products/{id}/images", Handle: product.AddImage, Scopes: scopes(auth.ProductsWrite), Describe: products.DescribeAddImage, LongIf: products.SendsPicture},
		{Method: http.MethodPatch, Path: "/products/{id}/images/{image_id}", Handle: product.ChangeImage, Scopes: scopes(auth.ProductsWrite), Describe: products.DescribeChangeImage},
		{Method: http.MethodDelete, Path: "/products/{id}/images/{image_id}", Handle: product.RemoveImage, Scopes: scopes(auth.ProductsWrite), Describe: products.DescribeRemoveImage},
		{Method: http.MethodGet, Path: "/products/{id}/images/{image_id}", Handle: waiting.Image, Scopes: scopes(auth.ProductsRead, auth.Operator), Describe: work.DescribeImage},
		{Method: http.MethodGet, Path: "/products/{id}/images/{image_id}/attempts", Handle: waiting.ImageAttempts, Scopes: scopes(auth.ProductsRead, auth.Operator), Describe: work.DescribeImageAttempts},
		{Method: http.MethodGet, Path: "/products/{id}/images/{image_id}/source", Handle: image.Source, Scopes: scopes(auth.ProductsRead, auth.Operator), Describe: images.DescribeSource, Long: true},
		{Method: http.MethodPost, Path: "/products/{id}/images/{image_id}/refresh", Handle: product.RefreshImage, Scopes: scopes(auth.ImagesRetry, auth.Operator), Describe: products.DescribeRefreshImage},
		{Method: http.MethodPost, Path: "/products/{id}/images/{image_id}/replay", Handle: failure.ReplayImage, Scopes: scopes(auth.ImagesRetry, auth.Operator), Describe: failuresapi.DescribeReplayImage},
		{Method: http.MethodPost, Path: "/uploads", Handle: sent.Create, Scopes: scopes(auth.ProductsWrite), Describe: uploads.DescribeCreate},
		{Method: http.MethodGet, Path: "/uploads/{id}", Handle: sent.Get, Scopes: scopes(auth.ProductsWrite), Describe: uploads.DescribeGet},
		{Method: http.MethodPost, Path: "/uploads/{id}/complete", Handle: sent.Complete, Scopes: scopes(auth.ProductsWrite), Describe: uploads.DescribeComplete, Long: true},
		{Method: http.MethodPut, Path: "/uploads/{id}/content", Handle: sent.Send, Query: uploads.SendQuery(), Describe: uploads.DescribeSend, Long: true},
		{Method: http.MethodGet, Path: "/products/{id}/events", Handle: event.OfProduct, Scopes: scopes(auth.ProductsRead, auth.Operator), Query: eventsapi.Query(), Describe: eventsapi.DescribeOfProduct, LongIf: eventsapi.Streams, Token: true},
		{Method: http.MethodGet, Path: "/events", Handle: event.List, Scopes: scopes(auth.ProductsRead, auth.Operator), Query: eventsapi.ListQuery(), Describe: eventsapi.DescribeList, LongIf: eventsapi.Streams, Token: true},
		{Method: http.MethodPost, Path: "/events/token", Handle: event.Token, Scopes: scopes(auth.ProductsRead), Describe: eventsapi.DescribeToken},
		{Method: http.MethodGet, Path: "/exports", Handle: exported.Get, Scopes: scopes(auth.ProductsRead, auth.Operator), Query: exports.Query(), Describe: exports.DescribeGet, Long: true},
		{Method: http.MethodPost, Path: "/imports", Handle: imported.Begin, Scopes: scopes(auth.Imports), Query: importsapi.BeginQuery(), Describe: importsapi.DescribeBegin, Long: true},
		{Method: http.MethodGet, Path: "/imports", Handle: imported.List, Scopes: scopes(auth.Imports, auth.Operator), Query: importsapi.ListQuery(), Describe: importsapi.DescribeList},
		{Method: http.MethodGet, Path: "/imports/{id}", Handle: imported.Get, Scopes: scopes(auth.Imports, auth.Operator), Describe: importsapi.DescribeGet},
		{Method: http.MethodGet, Path: "/imports/{id}/results", Handle: imported.Results, Scopes: scopes(auth.Imports, auth.Operator), Describe: importsapi.DescribeResults, Long: true},
		{Method: http.MethodPost, Path: "/imports/{id}/pause", Handle: imported.Pause, Scopes: scopes(auth.Imports), Describe: importsapi.DescribePause},
		{Method: http.MethodPost, Path: "/imports/{id}/resume", Handle: imported.Resume, Scopes: scopes(auth.Imports), Describe: importsapi.DescribeResume},
		{Method: http.MethodPost, Path: "/imports/{id}/cancel", Handle: imported.Cancel, Scopes: scopes(auth.Imports), Query: importsapi.CancelQuery(), Describe: importsapi.DescribeCancel},
		{Method: http.MethodPost, Path: "/images/refresh", Handle: many.Begin, Scopes: scopes(auth.ImagesRetry, auth.Operator), Describe: refreshes.DescribeBegin},
		{Method: http.MethodGet, Path: "/images/refresh/{id}", Handle: many.Get, Scopes: scopes(auth.ImagesRetry, auth.Operator), Describe: refreshes.DescribeGet},
		{Method: http.MethodPost, Path: "/images/refresh/{id}/abort", Handle: many.Abort, Scopes: scopes(auth.ImagesRetry, auth.Operator), Describe: refreshes.DescribeAbort},
		{Method: http.MethodGet, Path: "/dead-letters", Handle: failure.List, Scopes: scopes(auth.ProductsRead, auth.Operator), Query: failuresapi.ListQuery(), Describe: failuresapi.DescribeList},
		{Method: http.MethodGet, Path: "/dead-letters/summary", Handle: failure.Summary, Scopes: scopes(auth.ProductsRead, auth.Operator), Query: failuresapi.FilterQuery(), Describe: failuresapi.DescribeSummary},
		{Method: http.MethodPost, Path: "/dead-letters/replay", Handle: failure.Replay, Scopes: scopes(auth.ImagesRetry, auth.Operator), Describe: failuresapi.DescribeReplay},
		{Method: http.MethodPost, Path: "/dead-letters/discard", Handle: failure.Discard, Scopes: scopes(auth.ImagesRetry, auth.Operator), Describe: failuresapi.DescribeDiscard},
		{Method: http.MethodGet, Path: "/dead-letters/jobs", Handle: job.List, Scopes: scopes(auth.Operator), Query: failuresapi.ListJobsQuery(), Describe: failuresapi.DescribeListJobs},
		{Method: http.MethodGet, Path: "/dead-letters/jobs/{id}", Handle: job.Get, Scopes: scopes(auth.ImagesRetry, auth.Operator), Describe: failuresapi.DescribeGetJob},
		{Method: http.MethodPost, Path: "/dead-letters/jobs/{id}/abort", Handle: job.Abort, Scopes: scopes(auth.ImagesRetry, auth.Operator), Describe: failuresapi.DescribeAbortJob},
		{Method: http.MethodGet, Path: "/queue", Handle: waiting.Queue, Scopes: scopes(auth.Operator), Describe: work.DescribeQueue},
		{Method: http.MethodGet, Path: "/findings", Handle: waiting.WhatIsWrong, Scopes: scopes(auth.Operator), Describe: work.DescribeWhatIsWrong},
		{Method: http.MethodGet, Path: "/consistency", Handle: waiting.Consistency, Scopes: scopes(auth.Operator), Describe: work.DescribeConsistency},
		{Method: http.MethodGet, Path: "/queue/history", Handle: waiting.History, Scopes: scopes(auth.Operator), Query: work.HistoryQuery(), Describe: work.DescribeHistory},
		{Method: http.MethodGet, Path: "/hosts", Handle: waiting.Hosts, Scopes: scopes(auth.Operator), Query: work.HostsQuery(), Describe: work.DescribeHosts},
		{Method: http.MethodPost, Path: "/hosts/{host}/try", Handle: waiting.Try, Scopes: scopes(auth.Operator), Describe: work.DescribeTry},
		{Method: http.MethodPost, Path: "/webhooks", Handle: endpoint.Create, Scopes: scopes(auth.Webhooks), Describe: webhooks.DescribeCreate},
		{Method: http.MethodGet, Path: "/webhooks", Handle: endpoint.List, Scopes: scopes(auth.Webhooks), Query: webhooks.ListQuery(), Describe: webhooks.DescribeList},
		{Method: http.MethodGet, Path: "/webhooks/{id}", Handle: endpoint.Get, Scopes: scopes(auth.Webhooks), Describe: webhooks.DescribeGet},
		{Method: http.MethodPatch, Path: "/webhooks/{id}", Handle: endpoint.Change, Scopes: scopes(auth.Webhooks), Describe: webhooks.DescribeChange},
		{Method: http.MethodDelete, Path: "/webhooks/{id}", Handle: endpoint.Delete, Scopes: scopes(auth.Webhooks), Describe: webhooks.DescribeDelete},
		{Method: http.MethodPost, Path: "/webhooks/{id}/test", Handle: endpoint.Test, Scopes: scopes(auth.Webhooks), Describe: webhooks.DescribeTest},
		{Method: http.MethodPost, Path: "/webhooks/{id}/rotate-secret", Handle: endpoint.RotateSecret, Scopes: scopes(auth.Webhooks), Describe: webhooks.DescribeRotateSecret},
		{Method: http.MethodPost, Path: "/webhooks/{id}/redeliver", Handle: endpoint.RedeliverRange, Scopes: scopes(auth.Webhooks), Describe: webhooks.DescribeRedeliverRange},
		{Method: http.MethodGet, Path: "/webhooks/{id}/deliveries", Handle: endpoint.Deliveries, Scopes: scopes(auth.Webhooks), Query: webhooks.DeliveriesQuery(), Describe: webhooks.DescribeDeliveries},
		{Method: http.MethodPost, Path: "/webhooks/{id}/deliveries/{delivery_id}/redeliver", Handle: endpoint.Redeliver, Scopes: scopes(auth.Webhooks), Describe: webhooks.DescribeRedeliver},
		{Method: http.MethodPost, Path: "/users", Handle: account.CreateUser, Scopes: scopes(auth.Admin), Describe: accounts.DescribeCreateUser},
		{Method: http.MethodGet, Path: "/users", Handle: account.ListUsers, Scopes: scopes(auth.Admin), Query: accounts.PageQuery(), Describe: accounts.DescribeListUsers},
		{Method: http.MethodGet, Path: "/users/{id}", Handle: account.GetUser, Scopes: scopes(auth.Admin), Describe: accounts.DescribeGetUser},
		{Method: http.MethodPatch, Path: "/users/{id}", Handle: account.ChangeUser, Scopes: scopes(auth.Admin), Describe: accounts.DescribeChangeUser},
		{Method: http.MethodDelete, Path: "/users/{id}", Handle: account.DeleteUser, Scopes: scopes(auth.Admin), Query: accounts.DeleteUserQuery(), Describe: accounts.DescribeDeleteUser},
		{Method: http.MethodGet, Path: "/users/{id}/erasure", Handle: account.GetErasure, Scopes: scopes(auth.Admin), Describe: accounts.DescribeGetErasure},
		{Method: http.MethodPost, Path: "/keys", Handle: account.CreateKey, Scopes: scopes(auth.Admin), Describe: accounts.DescribeCreateKey},
		{Method: http.MethodGet, Path: "/keys", Handle: account.ListKeys, Scopes: scopes(auth.Admin), Query: accounts.KeysQuery(), Describe: accounts.DescribeListKeys},
		{Method: http.MethodGet, Path: "/keys/{id}", Handle: account.GetKey, Scopes: scopes(auth.Admin), Describe: accounts.DescribeGetKey},
		{Method: http.MethodDelete, Path: "/keys/{id}", Handle: account.RevokeKey, Scopes: scopes(auth.Admin), Describe: accounts.DescribeRevokeKey},
		{Method: http.MethodPost, Path: "/keys/{id}/rotate", Handle: account.RotateKey, Scopes: scopes(auth.Admin), Describe: accounts.DescribeRotateKey},
		{Method: http.MethodGet, Path: "/audit", Handle: account.ListAudit, Scopes: scopes(auth.Admin), Query: accounts.PageQuery(), Describe: accounts.DescribeListAudit},
		{Method: http.MethodGet, Path: "/images/{key...}", Handle: image.Get, Describe: images.DescribeGet, Long: true},
		{Method: http.MethodGet, Path: httpkit.PathProblems + "{name}", Handle: problems.Page},
		{Method: http.MethodGet, Path: "/docs", Handle: manual.Page},
		{Method: http.MethodGet, Path: "/docs/{name}", Handle: manual.File},
		{Method: http.MethodGet, Path: "/docs/images/{name}", Handle: manual.Picture},
		{Method: http.MethodGet, Path: "/llms.txt", Handle: manual.Overview},
		{Method: http.MethodGet, Path: "/openapi.json", Handle: description.Serve},
		{Method: http.MethodGet, Path: "/openapi.yaml", Handle: description.Serve},
	}...)
	server.Describe(description, routes, guard.DescribeUser())
	description.DescribeSchemas(schemas())
	description.AddExamples()
	for i, rt := range routes {
		routes[i] = d.audited(rt)
	}
	return routes
}

func (d Deps) stopping() bool { return d.Stopping != nil && d.Stopping() }

// scopes are those of a route.
func scopes(those ...auth.Scope) []string {
	list := make([]string, len(those))
	for i, s := range those {
		list[i] = string(s)
	}
	return list
}

// NewAdmin returns the handler of the address for operators, which every
// process has: the routes that answer for the process. Of deps it needs Ready,
// Log, Stopping and Console.
func NewAdmin(deps Deps) http.Handler {
	config := deps.server()
	config.Wrap = withConsole(deps.Console, nil)
	return server.New(config, deps.adminRoutes())
}

// adminRoutes answer for the process, whatever it does.
func (d Deps) adminRoutes() []server.Route {
	process := &health.Handler{Ready: d.Ready, Stopping: d.Stopping}
	return []server.Route{
		{Method: http.MethodGet, Path: "/healthz", Handle: process.Alive, Describe: health.DescribeAlive, Quiet: true},
		{Method: http.MethodGet, Path: "/readyz", Handle: process.Readiness, Describe: health.DescribeReadiness, Quiet: true},
	}
}

func (d Deps) server() server.Config {
	authorize := d.Authorize
	if authorize == nil {
		authorize = func(r *http.Request, _ server.Route) (*http.Request, error) {
			return r.WithContext(auth.With(r.Context(), auth.Everyone())), nil
		}
	}
	return server.Config{
		Stopping: d.Stopping, Observe: d.Observe, Log: d.Log, Tracer: d.Tracer, Authorize: d.Limits.Around(d.auditRefusals(authorize)),
		Memory: httpkit.BodyMemory{Reading: budget(maxBodyMemory), Decoding: budget(maxDecodeMemory)},
	}
}

// tag returns what names how answers are encoded now: it changes with the
// installation's epoch, with where the public reads images, and with wire.Format.
// It ends entity tags and is a part of what is cached, so that neither a client
// nor another process reuses an answer of another time, with other URLs or other
// fields.
func (d Deps) tag() func() string {
	type made struct{ epoch, tag string }
	var last atomic.Pointer[made]
	return func() string {
		epoch := ""
		if d.Epoch != nil {
			epoch = d.Epoch()
		}
		m := last.Load()
		if m == nil || m.epoch != epoch {
			sum := sha256.Sum256(fmt.Appendf(nil, "%d %q %q", wire.Format, epoch, d.URL("")))
			m = &made{epoch, base64.RawURLEncoding.EncodeToString(sum[:tagBytes])}
			last.Store(m)
		}
		return m.tag
	}
}

// tagBytes makes eight characters: enough to distinguish tags.
const tagBytes = 6
