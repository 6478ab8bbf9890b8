package guard

import (
	"net/http"

	"vitrine.dev/internal/httpkit"
)

const (
	headerChallenge = "WWW-Authenticate"
	challenge       = `Bearer realm="vitrine"`
	invalidKey      = `, error="invalid_token"`
)

// lacks is the answer of RFC 6750 section 3.1 to a key without any of the scopes.
func lacks(detail, scopes string) error {
	return httpkit.Refuse(http.StatusForbidden, "%s", detail).OfKind(httpkit.CodeInsufficientScope).
		With(headerChallenge, challenge+`, error="insufficient_scope", scope="`+scopes+`"`)
}

// unauthenticated is the answer of RFC 6750 section 3.
func unauthenticated(more, detail string) error {
	return httpkit.Refuse(http.StatusUnauthorized, "%s", detail).With(headerChallenge, challenge+more)
}
