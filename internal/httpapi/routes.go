package httpapi

import (
	"net/http"

	"vitrine.dev/internal/httpapi/failures"
	"vitrine.dev/internal/httpapi/health"
	"vitrine.dev/internal/httpapi/images"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/httpkit/server"
)

// resources are the handlers, one for each resource.
type resources struct {
	products products.Handler
	failures failures.Handler
	jobs     jobs.Handler
	images   images.Handler
	health   health.Handler
}

// routes are the API.
func (r *resources) routes(description *openapi.Document) []server.Route {
	return append(r.adminRoutes(), []server.Route{
		{Method: http.MethodPost, Path: "/products", Handle: r.products.Create, Describe: products.DescribeCreate},
		{Method: http.MethodGet, Path: "/products", Handle: r.products.List, Query: products.ListQuery(), Describe: products.DescribeList},
		{Method: http.MethodGet, Path: "/products/{id}", Handle: r.products.Get, Describe: products.DescribeGet},
		{Method: http.MethodPatch, Path: "/products/{id}", Handle: r.products.Change, Describe: products.DescribeChange},
		{Method: http.MethodDelete, Path: "/products/{id}", Handle: r.products.Delete, Describe: products.DescribeDelete},
		{Method: http.MethodPost, Path: "/products/{id}/images/{image_id}/replay", Handle: r.failures.ReplayImage, Describe: failures.DescribeReplayImage},
		{Method: http.MethodGet, Path: "/dead-letters", Handle: r.failures.List, Query: failures.ListQuery(), Describe: failures.DescribeList},
		{Method: http.MethodPost, Path: "/dead-letters/replay", Handle: r.failures.Replay, Describe: failures.DescribeReplay},
		{Method: http.MethodPost, Path: "/dead-letters/discard", Handle: r.failures.Discard, Describe: failures.DescribeDiscard},
		{Method: http.MethodGet, Path: "/dead-letters/jobs", Handle: r.jobs.List, Describe: jobs.DescribeList},
		{Method: http.MethodGet, Path: "/dead-letters/jobs/{id}", Handle: r.jobs.Get, Describe: jobs.DescribeGet},
		{Method: http.MethodPost, Path: "/dead-letters/jobs/{id}/abort", Handle: r.jobs.Abort, Describe: jobs.DescribeAbort},
		{Method: http.MethodGet, Path: "/images/{key...}", Handle: r.images.Get, Describe: images.DescribeGet, Long: true},
		{Method: http.MethodGet, Path: "/openapi.json", Handle: description.Serve},
		{Method: http.MethodGet, Path: "/openapi.yaml", Handle: description.Serve},
	}...)
}

// adminRoutes answer for the process, whatever it does.
func (r *resources) adminRoutes() []server.Route {
	return []server.Route{
		{Method: http.MethodGet, Path: "/healthz", Handle: r.health.Alive, Describe: health.DescribeAlive, Quiet: true},
		{Method: http.MethodGet, Path: "/readyz", Handle: r.health.Readiness, Describe: health.DescribeReadiness, Quiet: true},
	}
}
