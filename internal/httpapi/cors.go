package httpapi

import (
	"net/http"
	"time"

	"github.com/rs/cors"

	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/tracing"
)

// preflightAge is how long a browser need not ask again: as long as any of them remembers.
const preflightAge = 2 * time.Hour

// crossOrigin lets pages of the origins send requests and read their answers (the Fetch
// standard, section 3.3). Their preflights carry no key and are answered before one is asked
// for. Browsers send no credentials of their own along: a key is a header that the page adds.
func crossOrigin(origins []string) func(http.Handler) http.Handler {
	if len(origins) == 0 {
		return nil
	}
	return cors.New(cors.Options{
		AllowedOrigins: origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
		AllowedHeaders: []string{
			"Accept", "Authorization", "Content-Type", httpkit.HeaderIdempotencyKey, "If-Match", "If-None-Match", "Last-Event-ID", "Prefer", "Range",
			tracing.HeaderTraceparent, tracing.HeaderTracestate, guard.HeaderUser, "X-Request-Id",
		},
		ExposedHeaders: []string{
			"Accept-Patch", "Accept-Post", "Allow", "Content-Range", "Deprecation", "ETag", httpkit.HeaderIdempotentReplayed,
			httpkit.HeaderIdempotencyReplayed, "Link", "Location", "Preference-Applied", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Total-Count",
			"Sunset", "Vitrine-Events-After", "WWW-Authenticate", "X-Request-Id",
		},
		MaxAge: int(preflightAge.Seconds()),
	}).Handler
}
