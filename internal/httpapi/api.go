package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/monitor"
	"vitrine.dev/internal/requestid"
)

// requestTimeout bounds the work on one request of the API, not the sending of
// an image.
const requestTimeout = 15 * time.Second

// Images is what the API needs of the storage to serve images itself.
type Images interface {
	// Open returns the object for reading. fault.NotFound; fault.Invalid for a
	// malformed key.
	Open(ctx context.Context, key string) (blob.Object, error)
	// Stat describes the object; errors as of Open.
	Stat(ctx context.Context, key string) (blob.Info, error)
}

// Deps is what the API is made of. All of it is required, but Ready may be nil:
// there are no parts, and Stopping: never.
type Deps struct {
	Service     *catalog.Service
	DeadLetters *failures.Service
	Views       *catalog.Views
	Images      Images
	URL         func(key string) string              // where the world reads an object of Images
	Ready       func(context.Context) monitor.Report // for /readyz
	// Stopping reports whether the process is about to end: /readyz then sends
	// requests elsewhere, and clients are told to leave their connections.
	Stopping func() bool
	Log      *slog.Logger
}

// api serves every route. It is safe for concurrent use.
type api struct {
	Deps
	mux         *http.ServeMux
	description *description
	memory      budgets
	drains      chan struct{} // holds one for each connection that is drained
	form        string        // see formOf
}

// handler answers a request, or returns an error that problemOf understands
// before anything was written.
type handler func(w http.ResponseWriter, r *http.Request) error

// New returns the handler of the API.
func New(deps Deps) http.Handler {
	a := &api{Deps: deps, description: newDescription()}
	routes := a.routes()
	for _, rt := range routes {
		a.description.add(rt)
	}
	a.form = formOf(a.description, a.URL)
	a.serve(routes)
	return a
}

// NewAdmin returns the handler of the address for operators, which every
// process has: the routes that tell of the process. Of deps it needs Ready, Log
// and Stopping.
func NewAdmin(deps Deps) http.Handler {
	a := &api{Deps: deps}
	a.serve(a.adminRoutes())
	return a
}

// serve has the mux answer for the routes.
func (a *api) serve(routes []route) {
	if a.Stopping == nil {
		a.Stopping = func() bool { return false }
	}
	if a.Ready == nil {
		a.Ready = func(context.Context) monitor.Report { return monitor.Report{Status: monitor.Ready} }
	}
	a.mux, a.memory, a.drains = http.NewServeMux(), newBudgets(), make(chan struct{}, maxDrains)
	for _, rt := range routes {
		a.mux.Handle(rt.method+" "+rt.path, a.answer(rt.withParams()))
	}
	none := a.answer(route{handle: a.noSuchRoute})
	a.mux.Handle("/", none)
	a.mux.Handle("/images", none) // from where the mux would redirect to /images/
}

// answer turns a route into an http.Handler: it bounds the time and turns
// errors into problems.
func (a *api) answer(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !rt.long {
			ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
			defer cancel()
			r = r.WithContext(ctx)
		}
		if err := rt.handle(w, r); err != nil {
			a.fail(w, r, err)
		}
	}
}

// fail answers with the problem that the error is, and logs the chain that the
// client does not see.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	p, header := problemOf(err)
	level := slog.LevelDebug
	switch {
	case errors.Is(r.Context().Err(), context.Canceled): // the client has gone
	case p.Status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	a.Log.LogAttrs(r.Context(), level, "request failed",
		slog.String("request_id", requestid.From(r.Context())), slog.String("method", r.Method),
		slog.String("route", r.Pattern), slog.Int("status", p.Status), slog.Any("error", err))
	if header[0] != "" {
		w.Header().Set(header[0], header[1])
	}
	writeProblem(w, r, p)
}
