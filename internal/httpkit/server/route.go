package server

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
)

// Handler answers a request, or returns an error that httpkit.ProblemOf
// understands before anything was written.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one operation of an API.
type Route struct {
	Method   string
	Path     string // as http.ServeMux spells it
	Handle   Handler
	Query    []*huma.Param                           // every query parameter that it takes
	Describe func(*openapi.Document) *huma.Operation // nil: not in the description
	Long     bool                                    // whether requestTimeout does not apply
	Quiet    bool                                    // whether it is logged at debug level: probes call it every few seconds
}

// Describe adds the routes to the description.
func Describe(d *openapi.Document, routes []Route) {
	for _, rt := range routes {
		if rt.Describe != nil {
			d.Add(rt.Method, strings.ReplaceAll(rt.Path, "...}", "}"), rt.Query, rt.Describe(d))
		}
	}
}

func (rt Route) pattern() string { return rt.Method + " " + rt.Path }

// withParams has the handler of the route called for requests without unknown
// query parameters only. One that takes parameters finds the errors among them.
func (rt Route) withParams() Route {
	next, declared := rt.Handle, openapi.Names(rt.Query)
	rt.Handle = func(w http.ResponseWriter, r *http.Request) error {
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
