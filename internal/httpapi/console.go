package httpapi

import (
	"net/http"
	"strings"
)

// PathConsole is where the operators' pages are.
const PathConsole = "/console"

// withConsole returns a server.Config's Wrap: paths below PathConsole are the console's, if there
// is one, and the others are wrapped by next, if not nil. No page of another site may read the console.
func withConsole(console http.Handler, next func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	if console == nil {
		return next
	}
	return func(routes http.Handler) http.Handler {
		if next != nil {
			routes = next(routes)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == PathConsole || strings.HasPrefix(r.URL.Path, PathConsole+"/") {
				console.ServeHTTP(w, r)
				return
			}
			routes.ServeHTTP(w, r)
		})
	}
}
