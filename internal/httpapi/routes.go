package httpapi

import (
	"net/http"
	"path"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// route is one line of the table below.
type route struct {
	method   string
	path     string // as http.ServeMux spells it
	handle   handler
	query    []*huma.Param                      // every query parameter that it takes
	describe func(*description) *huma.Operation // nil for what the description leaves out
	long     bool                               // whether requestTimeout does not apply
}

func (a *api) routes() []route {
	return append(a.adminRoutes(), []route{
		{method: http.MethodPost, path: "/products", handle: a.createProduct, describe: describeCreate},
		{method: http.MethodGet, path: "/products", handle: a.listProducts, query: listQuery(), describe: describeList},
		{method: http.MethodGet, path: "/products/{id}", handle: a.getProduct, describe: describeGet},
		{method: http.MethodPatch, path: "/products/{id}", handle: a.changeProduct, describe: describeChange},
		{method: http.MethodDelete, path: "/products/{id}", handle: a.deleteProduct, describe: describeDelete},
		{method: http.MethodPost, path: "/products/{id}/images/{image_id}/replay", handle: a.replayImage, describe: describeReplayImage},
		{method: http.MethodGet, path: "/dead-letters", handle: a.listDeadLetters, query: deadListQuery(), describe: describeDeadList},
		{method: http.MethodPost, path: "/dead-letters/replay", handle: a.replayDeadLetters, describe: describeDeadReplay},
		{method: http.MethodPost, path: "/dead-letters/discard", handle: a.discardDeadLetters, describe: describeDeadDiscard},
		{method: http.MethodGet, path: "/dead-letters/jobs", handle: a.listDeadJobs, describe: describeDeadJobs},
		{method: http.MethodGet, path: "/dead-letters/jobs/{id}", handle: a.getDeadJob, describe: describeDeadJob},
		{method: http.MethodPost, path: "/dead-letters/jobs/{id}/abort", handle: a.abortDeadJob, describe: describeDeadAbort},
		{method: http.MethodGet, path: "/images/{key...}", handle: a.getImage, describe: describeImage, long: true},
		{method: http.MethodGet, path: "/openapi.json", handle: a.getDescription},
		{method: http.MethodGet, path: "/openapi.yaml", handle: a.getDescription},
	}...)
}

// adminRoutes tell of the process, whatever it does.
func (a *api) adminRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/healthz", handle: a.getHealth, describe: describeHealth},
		{method: http.MethodGet, path: "/readyz", handle: a.getReadiness, describe: describeReadiness},
	}
}

// cleanPath reports whether the path is as http.ServeMux wants it; it redirects
// others in HTML, and a POST so that it arrives as a GET in many clients.
func cleanPath(p string) bool {
	clean := path.Clean(p)
	return strings.HasPrefix(p, "/") && (p == clean || p == clean+"/" && clean != "/")
}

// noCleanPath answers for a path of another spelling. It has none of its own, as
// an id has none with leading zeros: to follow a redirect would hide for ever
// that a client joins paths wrongly.
func noCleanPath(_ http.ResponseWriter, r *http.Request) error {
	if !strings.HasPrefix(r.URL.Path, "/") { // * or the authority of a CONNECT
		return refuse(http.StatusBadRequest, "the target of the request must be a path, which begins with a slash")
	}
	return refuse(http.StatusNotFound,
		"there is nothing at this path; a path has no empty, . or .. segments")
}

// noSuchRoute answers what no route matched: 405 where another method would
// have, else 404.
func (a *api) noSuchRoute(_ http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	} {
		probe := *r
		probe.Method = method
		if _, pattern := a.mux.Handler(&probe); strings.Contains(pattern, " ") { // of a method
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return refuse(http.StatusNotFound, "there is nothing at this path")
	}
	list := strings.Join(allowed, ", ")
	return refuse(http.StatusMethodNotAllowed, "this path answers to %s only", list).with("Allow", list)
}
