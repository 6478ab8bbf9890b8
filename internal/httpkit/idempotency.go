package httpkit

import (
	"net/http"
	"strings"
)

// Headers of idempotent creates.
const (
	HeaderIdempotencyKey      = "Idempotency-Key"
	HeaderIdempotencyReplayed = "Idempotency-Replayed" // the first spelling, kept for its clients
	HeaderIdempotentReplayed  = "Idempotent-Replayed"  // the common one
)

// IdempotencyKey reads the header of that name
// (draft-ietf-httpapi-idempotency-key-header), "" where it is absent; ok is
// false where it is given twice or badly quoted. The draft writes the key as a
// string in quotes (RFC 8941 section 3.3.3), most clients write it bare: both
// are the same key.
func IdempotencyKey(h http.Header) (key string, given, ok bool) {
	lines, given := h[HeaderIdempotencyKey]
	if !given {
		return "", false, true
	}
	if len(lines) != 1 {
		return "", true, false
	}
	if !strings.HasPrefix(lines[0], `"`) {
		return lines[0], true, true
	}
	key, ok = unquote(lines[0])
	return key, true, ok
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
