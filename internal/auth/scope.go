package auth

import (
	"slices"
	"strings"

	"vitrine.dev/internal/fault"
)

// Scope is what a key is good for.
type Scope string

// The scopes.
const (
	ProductsRead  Scope = "products:read"
	ProductsWrite Scope = "products:write"
	ImagesRetry   Scope = "images:retry"
	// Webhooks keeps the endpoints that are sent the events of a user.
	Webhooks Scope = "webhooks"
	// Imports brings files of products into the catalogue, which creates and changes products.
	Imports Scope = "imports"
	// Operator reads and retries failed work of all users, and sees the queue, hosts and
	// jobs. It edits no product.
	Operator Scope = "operator"
	// Admin has every other scope, keeps users and keys, and may act for any user.
	Admin Scope = "admin"
)

// AllScopes lists them.
func AllScopes() []Scope {
	return []Scope{ProductsRead, ProductsWrite, ImagesRetry, Webhooks, Imports, Operator, Admin}
}

// Scopes are those of one key, without repetition.
type Scopes []Scope

// Has reports whether they include the scope.
func (s Scopes) Has(scope Scope) bool { return slices.Contains(s, scope) || slices.Contains(s, Admin) }

// String lists them separated by blanks, as RFC 6749 section 3.3 does.
func (s Scopes) String() string {
	texts := make([]string, len(s))
	for i, scope := range s {
		texts[i] = string(scope)
	}
	return strings.Join(texts, " ")
}

// ParseScopes reads what String wrote. Scopes of another version of the program are
// kept: they allow nothing here.
func ParseScopes(text string) Scopes {
	var s Scopes
	for scope := range strings.FieldsSeq(text) {
		s = append(s, Scope(scope))
	}
	return s
}

// checkScopes adds to bad what is wrong with the scopes of a new key.
func checkScopes(bad *fault.FieldErrors, scopes Scopes) {
	if len(scopes) == 0 {
		bad.Add(FieldScopes, "must name at least one of "+Scopes(AllScopes()).String())
	}
	for i, scope := range scopes {
		switch {
		case !slices.Contains(AllScopes(), scope):
			bad.Add(entry(FieldScopes, i), "must be one of "+Scopes(AllScopes()).String())
		case slices.Contains(scopes[:i], scope):
			bad.Add(entry(FieldScopes, i), "must not be given twice")
		}
	}
}
