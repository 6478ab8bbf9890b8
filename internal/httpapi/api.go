package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	failuresapi "vitrine.dev/internal/httpapi/failures"
	"vitrine.dev/internal/httpapi/health"
	"vitrine.dev/internal/httpapi/images"
	"vitrine.dev/internal/httpapi/jobs"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
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
	Views    *catalog.Views
	Images   images.Files
	URL      func(key string) string              // where the public reads an object of Images
	Ready    func(context.Context) monitor.Report // for /readyz
	// Stopping reports whether the process is about to end: /readyz then sends
	// requests elsewhere, and clients are asked to close their connections.
	Stopping func() bool
	Log      *slog.Logger
}

// New returns the handler of the API.
func New(deps Deps) http.Handler {
	description := newDescription()
	lists := httpkit.NewBudget(maxListMemory)
	r := &resources{
		products: products.Handler{
			Service: deps.Service, Views: deps.Views, URL: deps.URL, Lists: lists, Details: httpkit.NewBudget(maxDetailMemory),
		},
		failures: failuresapi.Handler{Service: deps.Failures, URL: deps.URL, Lists: lists},
		jobs:     jobs.Handler{Service: deps.Failures},
		images:   images.Handler{Files: deps.Images},
		health:   health.Handler{Ready: deps.Ready, Stopping: deps.Stopping},
	}
	routes := r.routes(description)
	server.Describe(description, routes)
	format := formatOf(description, deps.URL)
	r.products.Format, r.failures.Format = format, format
	return server.New(deps.server(), routes)
}

// NewAdmin returns the handler of the address for operators, which every
// process has: the routes that answer for the process. Of deps it needs Ready,
// Log and Stopping.
func NewAdmin(deps Deps) http.Handler {
	r := &resources{health: health.Handler{Ready: deps.Ready, Stopping: deps.Stopping}}
	return server.New(deps.server(), r.adminRoutes())
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

// formatOf names how answers are written: it changes with where the public reads
// images and with everything that the description says of an answer. It is a part
// of entity tags and of what is cached, so that neither a client nor another
// process reuses an answer with other URLs or fields.
func formatOf(d *openapi.Document, url func(key string) string) string {
	schemas, err := json.Marshal(d.Schemas())
	if err != nil { // types of the API cannot fail to encode
		schemas = nil
	}
	sum := sha256.Sum256(append(schemas, url("")...))
	return base64.RawURLEncoding.EncodeToString(sum[:formatBytes])
}

// formatBytes makes eight characters: enough to distinguish formats.
const formatBytes = 6
