package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	failuresapi "vitrine.dev/internal/httpapi/failures"
	"vitrine.dev/internal/httpapi/health"
	"vitrine.dev/internal/httpapi/images"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpapi/work"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/httpkit/server"
	"vitrine.dev/internal/monitor"
)

// The memory that all requests may use at the same time, by purpose:
// docs/operations.md adds it up.
const (
	maxListMemory   = 48 << 20 // pages that are read, encoded and sent
	maxDetailMemory = 16 << 20 // products that are sent
	maxBodyMemory   = 32 << 20 // bodies that are read, until their answer
	maxDecodeMemory = 32 << 20 // what decoding bodies makes of them
)

// Deps is what the API is made of. All of it is required, but Ready may be nil:
// there are no parts, and Stopping: never.
type Deps struct {
	Service  *catalog.Service
	Failures *failures.Service
	Work     *dispatch.Inspector
	Views    *catalog.Views
	Images   images.Files
	Epoch    func() string                        // of the installation: entity tags of another one match nothing here
	URL      func(key string) string              // where the public reads an object of Images
	Ready    func(context.Context) monitor.Report // for /readyz
	// Stopping reports whether the process is about to end: /readyz then sends
	// requests elsewhere, and clients are asked to close their connections.
	Stopping func() bool
	Log      *slog.Logger
}

// New returns the handler of the API.
func New(deps Deps) http.Handler { return server.New(deps.server(), deps.routes()) }

// routes are the API.
func (d Deps) routes() []server.Route {
	description := newDescription()
	tag, lists := d.tag(), httpkit.NewBudget(maxListMemory)
	product := &products.Handler{
		Service: d.Service, Views: d.Views, URL: d.URL, Tag: tag, Lists: lists, Details: httpkit.NewBudget(maxDetailMemory),
	}
	failure := &failuresapi.Handler{Service: d.Failures, URL: d.URL, Tag: tag, Lists: lists}
	job := &jobs.Handler{Service: d.Failures}
	image := &images.Handler{Files: d.Images}
	waiting := &work.Handler{Inspector: d.Work, URL: d.URL}
	routes := append(d.adminRoutes(), []server.Route{
		{Method: http.MethodPost, Path: "/products", Handle: product.Create, Describe: products.DescribeCreate},
		{Method: http.MethodGet, Path: "/products", Handle: product.List, Query: products.ListQuery(), Describe: products.DescribeList},
		{Method: http.MethodGet, Path: "/products/{id}", Handle: product.Get, Describe: products.DescribeGet},
		{Method: http.MethodPatch, Path: "/products/{id}", Handle: product.Change, Describe: products.DescribeChange},
		{Method: http.MethodDelete, Path: "/products/{id}", Handle: product.Delete, Describe: products.DescribeDelete},
		{Method: http.MethodGet, Path: "/products/{id}/images/{image_id}", Handle: waiting.Image, Describe: work.DescribeImage},
		{Method: http.MethodPost, Path: "/products/{id}/images/{image_id}/replay", Handle: failure.ReplayImage, Describe: failuresapi.DescribeReplayImage},
		{Method: http.MethodGet, Path: "/dead-letters", Handle: failure.List, Query: failuresapi.ListQuery(), Describe: failuresapi.DescribeList},
		{Method: http.MethodPost, Path: "/dead-letters/replay", Handle: failure.Replay, Describe: failuresapi.DescribeReplay},
		{Method: http.MethodPost, Path: "/dead-letters/discard", Handle: failure.Discard, Describe: failuresapi.DescribeDiscard},
		{Method: http.MethodGet, Path: "/dead-letters/jobs", Handle: job.List, Describe: jobs.DescribeList},
		{Method: http.MethodGet, Path: "/dead-letters/jobs/{id}", Handle: job.Get, Describe: jobs.DescribeGet},
		{Method: http.MethodPost, Path: "/dead-letters/jobs/{id}/abort", Handle: job.Abort, Describe: jobs.DescribeAbort},
		{Method: http.MethodGet, Path: "/queue", Handle: waiting.Queue, Describe: work.DescribeQueue},
		{Method: http.MethodGet, Path: "/hosts", Handle: waiting.Hosts, Query: work.HostsQuery(), Describe: work.DescribeHosts},
		{Method: http.MethodGet, Path: "/images/{key...}", Handle: image.Get, Describe: images.DescribeGet, Long: true},
		{Method: http.MethodGet, Path: "/openapi.json", Handle: description.Serve},
		{Method: http.MethodGet, Path: "/openapi.yaml", Handle: description.Serve},
	}...)
	server.Describe(description, routes)
	return routes
}

// NewAdmin returns the handler of the address for operators, which every
// process has: the routes that answer for the process. Of deps it needs Ready,
// Log and Stopping.
func NewAdmin(deps Deps) http.Handler { return server.New(deps.server(), deps.adminRoutes()) }

// adminRoutes answer for the process, whatever it does.
func (d Deps) adminRoutes() []server.Route {
	process := &health.Handler{Ready: d.Ready, Stopping: d.Stopping}
	return []server.Route{
		{Method: http.MethodGet, Path: "/healthz", Handle: process.Alive, Describe: health.DescribeAlive, Quiet: true},
		{Method: http.MethodGet, Path: "/readyz", Handle: process.Readiness, Describe: health.DescribeReadiness, Quiet: true},
	}
}

func (d Deps) server() server.Config {
	return server.Config{
		Stopping: d.Stopping, Log: d.Log,
		Memory: httpkit.BodyMemory{Reading: httpkit.NewBudget(maxBodyMemory), Decoding: httpkit.NewBudget(maxDecodeMemory)},
	}
}

// newDescription returns the description without operations.
func newDescription() *openapi.Document {
	d := openapi.New(huma.Info{
		Title: "Vitrine", Version: "1.0.0", License: &huma.License{Name: "MIT", Identifier: "MIT"},
		Description: "Products in, compressed images out. Every error is an RFC 9457 problem.",
	}, map[reflect.Type]string{reflect.TypeFor[wire.DeadOutcome](): "Settled"})
	products.DescribePrices(d)
	return d
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
