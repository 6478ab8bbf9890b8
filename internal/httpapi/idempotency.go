package httpapi

import (
	"net/http"
	"strings"

	"vitrine.dev/internal/catalog"
)

const (
	headerIdempotencyKey      = "Idempotency-Key"
	headerIdempotencyReplayed = "Idempotency-Replayed"
)

// idempotencyKey reads the header of that name
// (draft-ietf-httpapi-idempotency-key-header), "" where it is absent. The draft
// writes the key as a string in quotes (RFC 8941 section 3.3.3), most clients
// write it bare: both are the same key.
func idempotencyKey(h http.Header) (string, error) {
	lines, given := h[headerIdempotencyKey]
	if !given {
		return "", nil
	}
	key, ok := lines[0], len(lines) == 1
	if strings.HasPrefix(key, `"`) {
		var fine bool
		key, fine = unquote(key)
		ok = ok && fine
	}
	if !ok || !catalog.ValidKey(key) {
		return "", refuse(http.StatusBadRequest,
			"%s must be given once, with 1 to %d characters of printable ASCII, bare or as a string in quotes",
			headerIdempotencyKey, catalog.MaxKeyBytes)
	}
	return key, nil
}

// unquote reads a string of structured fields: only \" and \\ are escapes.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return "", false
	}
	s = s[1 : len(s)-1]
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return "", false
		case s[i] == '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), true
}
