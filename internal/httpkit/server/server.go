package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/requestid"
	"vitrine.dev/internal/tracing"
)

// requestTimeout bounds the work on one request, but for Long routes.
const requestTimeout = 15 * time.Second

// Config is what a Server needs.
type Config struct {
	// Stopping reports whether the process is about to end: clients are then
	// asked to close their connections. nil for never.
	Stopping func() bool
	// Authorize returns the request as a route's handler is to see it, or why it may not
	// be answered. The request that it is given is the server's own copy, which it may change and return. It may
	// add to the header of the answer. nil: every request may.
	Authorize func(answer http.Header, r *http.Request, rt Route) (*http.Request, error)
	// Wrap is put around all routes, and what is answered where there is none; nil: nothing is.
	Wrap   func(http.Handler) http.Handler
	Memory httpkit.BodyMemory
	Tracer *tracing.Tracer // nil: requests have no spans
	// Observe is told of each request that has ended, with the status of its answer, 0 where
	// none was begun, and the time that it took, without that for which the client preferred to
	// have it kept back. nil: no one is.
	Observe func(r *http.Request, status int, took time.Duration)
	Log     *slog.Logger
}

// Server answers for every route. It is safe for concurrent use.
type Server struct {
	Config
	mux    *http.ServeMux
	routes http.Handler    // the mux with what is around it
	quiet  map[string]bool // patterns
	others map[string]bool // patterns that answer with 405
	drains chan struct{}   // one element for each connection that is drained
}

// New returns a Server of the routes.
func New(c Config, routes []Route) *Server {
	if c.Stopping == nil {
		c.Stopping = func() bool { return false }
	}
	s := &Server{Config: c, mux: http.NewServeMux(), quiet: make(map[string]bool), others: make(map[string]bool), drains: make(chan struct{}, maxDrains)}
	none := s.answer(Route{Handle: s.noSuchRoute})
	s.mux.Handle("/", none)
	for _, rt := range routes {
		s.mux.Handle(rt.pattern(), s.answer(s.authorized(rt.withParams())))
		s.quiet[rt.pattern()] = rt.Quiet
		if strings.HasSuffix(rt.Path, "...}") { // the mux would redirect from there, with a slash added
			s.mux.Handle(path.Dir(rt.Path), none)
		}
	}
	s.refuseOthers(routes, none)
	s.routes = http.HandlerFunc(s.route)
	if c.Wrap != nil {
		s.routes = c.Wrap(s.routes)
	}
	return s
}

// refuseOthers has a path answer with 405 to methods that it has no route for, where a more general
// path has one: PATCH /products/bulk is no change of the product "bulk".
func (s *Server) refuseOthers(routes []Route, none http.HandlerFunc) {
	for _, rt := range routes {
		sample := &http.Request{URL: &url.URL{Path: wildcard.ReplaceAllString(rt.Path, "0")}}
		for _, method := range methods() {
			sample.Method = method
			_, found := s.mux.Handler(sample)
			if _, path, ok := strings.Cut(found, " "); !ok || path == rt.Path {
				continue
			}
			s.mux.Handle(method+" "+rt.Path, none)
			s.others[method+" "+rt.Path] = true
		}
	}
}

// wildcard is one in the path of a route.
var wildcard = regexp.MustCompile(`\{[^}]*\}`)

// methods are those that routes may have, and HEAD, which is answered by that of GET.
func methods() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
}

// route answers with the route of the request.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	if !cleanPath(r.URL.EscapedPath()) {
		s.answer(Route{Handle: noCleanPath})(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// answer turns a route into an http.Handler: it bounds the time and turns
// errors into problems.
func (s *Server) answer(rt Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !rt.Long && (rt.LongIf == nil || !rt.LongIf(r)) {
			var cancel context.CancelFunc
			r, cancel = bounded(r)
			defer cancel()
		}
		if err := rt.Handle(w, r); err != nil {
			s.fail(w, r, err, openapi.Names(rt.Query))
		}
	}
}

// authorized has the handler of the route called for requests that may be answered.
func (s *Server) authorized(rt Route) Route {
	if s.Authorize == nil {
		return rt
	}
	next, plain := rt.Handle, rt
	rt.Handle = func(w http.ResponseWriter, r *http.Request) error {
		r, err := s.Authorize(w.Header(), r, plain)
		if err != nil {
			return err
		}
		return next(w, r)
	}
	return rt
}

// fail answers with the problem that the error of a route with the parameters is, and logs the chain that the
// client does not see. Of an answer that was begun the connection is closed.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error, parameters []string) {
	p, header := httpkit.ProblemOf(err, parameters...)
	level := slog.LevelDebug
	switch {
	case errors.Is(r.Context().Err(), context.Canceled): // the client has disconnected
	case p.Status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	s.Log.LogAttrs(r.Context(), level, "request failed",
		slog.String("request_id", requestid.From(r.Context())), slog.String("method", r.Method),
		slog.String("route", r.Pattern), slog.Int("status", p.Status), slog.Any("error", err))
	if begun, ok := w.(*response); ok && begun.status != 0 {
		panic(http.ErrAbortHandler) //nolint:forbidigo // so the client sees that the answer has no end
	}
	if header[0] != "" {
		w.Header().Set(header[0], header[1])
	}
	httpkit.WriteProblem(w, r, p)
}

// cleanPath reports whether the path is as http.ServeMux wants it; it redirects
// others in HTML, and a POST so that it arrives as a GET in many clients.
func cleanPath(p string) bool {
	clean := path.Clean(p)
	return strings.HasPrefix(p, "/") && (p == clean || p == clean+"/" && clean != "/")
}

// noCleanPath answers for a path that is not clean. Such a path is not redirected,
// as an id with leading zeros is not accepted: a redirect would hide for ever that
// a client joins paths wrongly.
func noCleanPath(_ http.ResponseWriter, r *http.Request) error {
	if !strings.HasPrefix(r.URL.Path, "/") { // * or the authority of a CONNECT
		return httpkit.Refuse(http.StatusBadRequest, "the target of the request must be a path, which begins with a slash")
	}
	return httpkit.Refuse(http.StatusNotFound,
		"there is nothing at this path; a path has no empty, . or .. segments")
}

// noSuchRoute answers what no route matched: 405 where another method would
// have, else 404.
func (s *Server) noSuchRoute(_ http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range methods() {
		probe := *r
		probe.Method = method
		if _, pattern := s.mux.Handler(&probe); strings.Contains(pattern, " ") && !s.others[pattern] { // of a method
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return httpkit.Refuse(http.StatusNotFound, "there is nothing at this path")
	}
	list := strings.Join(allowed, ", ")
	return httpkit.Refuse(http.StatusMethodNotAllowed, "this path answers to %s only", list).With("Allow", list)
}

// Handler answers a request, or returns an error that httpkit.ProblemOf
// understands. Where a part of the answer was written before, the connection is closed.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one operation of an API.
type Route struct {
	Method string
	Path   string // as http.ServeMux spells it
	Handle Handler
	// Again answers a request like one that Handle has answered, before its parameters are read; it
	// reports whether it has. nil: there is no short way.
	Again    func(w http.ResponseWriter, r *http.Request) (answered bool, err error)
	Scopes   []string                                // of a key that may call it, any of them; none: no key is needed
	Token    bool                                    // whether a stream token in the query may stand for the key
	Query    []*huma.Param                           // every query parameter that it takes
	Describe func(*openapi.Document) *huma.Operation // nil: not in the description
	Long     bool                                    // whether requestTimeout does not apply
	LongIf   func(*http.Request) bool                // the same for some requests; nil: for none
	Quiet    bool                                    // whether it is logged at debug level: probes call it every few seconds
}

// Describe adds the routes to the description, those that name scopes with the parameters.
func Describe(d *openapi.Document, routes []Route, authenticated ...*huma.Param) {
	for _, rt := range routes {
		if rt.Describe == nil {
			continue
		}
		op := rt.Describe(d)
		if len(rt.Scopes) > 0 {
			d.Authenticated(op, rt.Scopes, authenticated)
		}
		d.Add(rt.Method, strings.ReplaceAll(rt.Path, "...}", "}"), rt.Query, op)
	}
}

func (rt Route) pattern() string { return rt.Method + " " + rt.Path }

// withParams has the handler of the route called for requests without unknown
// query parameters only. One that takes parameters finds the errors among them.
func (rt Route) withParams() Route {
	next, declared := rt.Handle, openapi.Names(rt.Query)
	rt.Handle = func(w http.ResponseWriter, r *http.Request) error {
		if r.URL.RawQuery == "" && len(declared) == 0 {
			return next(w, r)
		}
		if rt.Again != nil {
			if answered, err := rt.Again(w, r); answered || err != nil {
				return err
			}
		}
		p, err := httpkit.ReadParams(r.URL.RawQuery, declared)
		if err != nil {
			return err
		}
		if len(declared) > 0 {
			return next(w, httpkit.WithParams(r, p))
		}
		if err := p.Errors.Err(); err != nil {
			return err
		}
		return next(w, r)
	}
	return rt
}

// Limits are the bounds on what one connection may take, so that slow or greedy
// clients cannot exhaust the server.
type Limits struct {
	HeaderTimeout  time.Duration // for the header of a request, from its first byte or the connection's start
	ReadTimeout    time.Duration // for header and body together
	WriteTimeout   time.Duration // for the work and the sending of the answer, from the end of the header
	IdleTimeout    time.Duration // between two requests on a connection
	MaxHeaderBytes int           // request line and header; net/http adds 4 KiB of grace
}

// DefaultLimits are those that the API is served with: 1 MiB of body within
// ReadTimeout is 35 kB/s.
func DefaultLimits() Limits {
	return Limits{
		HeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
}

// Server returns a server for the handler with every time-out and limit set.
// The caller gives it its listener and shuts it down. Errors of the server itself
// (broken TLS handshakes, bad request lines) are logged as warnings.
func (l Limits) Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: l.HeaderTimeout,
		ReadTimeout:       l.ReadTimeout,
		WriteTimeout:      l.WriteTimeout,
		IdleTimeout:       l.IdleTimeout,
		MaxHeaderBytes:    l.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
