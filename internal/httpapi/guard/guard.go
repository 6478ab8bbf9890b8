// Package guard says for each request who it acts for, and whether it may be answered.
package guard

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/openapi"
	"vitrine.dev/internal/httpkit/server"
)

// HeaderUser names the user for whom an admin's key acts.
const HeaderUser = "Vitrine-User"

// DescribeUser describes that header.
func DescribeUser() *huma.Param {
	return &huma.Param{
		Name: HeaderUser, In: "header", Schema: openapi.Integer(auth.MaxID, 1),
		Description: "The user for whom a key with the scope admin acts; its own user by default. 404 where there is no such user",
	}
}

// Guard authorizes requests. It is safe for concurrent use.
type Guard struct {
	keys     *auth.Authenticator
	tokens   *auth.StreamTokens // nil: none are taken
	attempts *auth.Attempts
	proxies  []netip.Prefix
}

// New returns a Guard that wants an API key for every route that names a scope. Only
// what the proxies add to X-Forwarded-For is believed.
func New(keys *auth.Authenticator, proxies []netip.Prefix) *Guard {
	return &Guard{keys: keys, attempts: auth.NewAttempts(), proxies: proxies}
}

// WithTokens has routes that take stream tokens take those.
func (g *Guard) WithTokens(tokens *auth.StreamTokens) *Guard {
	g.tokens = tokens
	return g
}

// Authorize is server.Config's. The request that it returns is r, with the principal in its context. Of a key
// that lacks the scope the request is returned beside the error, so that it counts.
func (g *Guard) Authorize(r *http.Request, rt server.Route) (*http.Request, error) {
	if len(rt.Scopes) == 0 {
		return r, nil
	}
	p, err := g.principal(r, rt)
	if err != nil && p.Key == 0 {
		return nil, err
	}
	as(r, p)
	if err != nil {
		return r, err
	}
	if !slices.ContainsFunc(rt.Scopes, func(scope string) bool { return p.May(auth.Scope(scope)) }) {
		scopes := strings.Join(rt.Scopes, " ")
		return r, lacks("the API key lacks a scope for this: one of "+scopes, scopes)
	}
	return r, nil
}

// as puts the principal into the context of the request, in place: a copy would be a tenth of what a cached read
// allocates.
func as(r *http.Request, p auth.Principal) { *r = *r.WithContext(auth.With(r.Context(), p)) }

func (g *Guard) principal(r *http.Request, rt server.Route) (auth.Principal, error) {
	address := address(r, g.proxies)
	if rt.Token && g.tokens != nil {
		if token := r.URL.Query().Get(ParamToken); token != "" {
			p, err := g.byToken(r, token)
			if err != nil {
				return p, err
			}
			p.Address = address.String()
			return g.actFor(r, p)
		}
	}
	secret, err := bearer(r)
	if err != nil {
		return auth.Principal{}, err
	}
	p, remembered := g.keys.Remembered(secret)
	if !remembered {
		if p, err = g.authenticate(r, secret, network(address)); err != nil {
			return auth.Principal{}, err
		}
	}
	p.Address = address.String()
	return g.actFor(r, p)
}

// Login returns the principal of a key that a person has typed in, with the address of the
// request, as Authorize does of one in its header.
func (g *Guard) Login(r *http.Request, secret string) (auth.Principal, error) {
	at := address(r, g.proxies)
	p, err := g.authenticate(r, secret, network(at))
	p.Address = at.String()
	return p, err
}

// Address is where the request came from.
func (g *Guard) Address(r *http.Request) string { return address(r, g.proxies).String() }

// authenticate looks a key up, for addresses that have not sent too many wrong ones.
func (g *Guard) authenticate(r *http.Request, secret, network string) (auth.Principal, error) {
	if wait := g.attempts.Wait(network); wait > 0 {
		return auth.Principal{}, httpkit.Exceeded(policyWrongKeys, wait, "too many requests from this address had no valid API key")
	}
	p, err := g.keys.Authenticate(r.Context(), secret)
	switch {
	case errors.Is(err, auth.ErrMistyped):
		return p, unauthenticated(invalidKey, auth.ErrMistyped.Message)
	case errors.Is(err, auth.ErrUnknownKey):
		g.attempts.Failed(network)
		return p, unauthenticated(invalidKey, auth.ErrUnknownKey.Message)
	case err != nil:
		return p, fmt.Errorf("authenticate: %w", err)
	}
	return p, nil
}

// actFor applies HeaderUser.
func (g *Guard) actFor(r *http.Request, p auth.Principal) (auth.Principal, error) {
	lines := r.Header[HeaderUser]
	if len(lines) == 0 {
		return p, nil
	}
	user, ok := httpkit.ParseInteger(lines[0], auth.MaxID)
	if !ok || len(lines) > 1 {
		return p, httpkit.Refuse(http.StatusBadRequest, "%s must be given once, as the id of a user", HeaderUser)
	}
	p, err := g.keys.ActFor(r.Context(), p, user)
	switch {
	case errors.Is(err, auth.ErrNoAdmin):
		return p, lacks(auth.ErrNoAdmin.Message, string(auth.Admin))
	case err != nil:
		return p, fmt.Errorf("act for user %d: %w", user, err)
	}
	return p, nil
}

// bearer returns the key that the request carries (RFC 6750 section 2.1).
func bearer(r *http.Request) (string, error) {
	lines := r.Header["Authorization"]
	if len(lines) == 0 {
		return "", unauthenticated("", "an API key is required, as Authorization: Bearer vit_…")
	}
	scheme, secret, _ := strings.Cut(lines[0], " ")
	if len(lines) > 1 || !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return "", unauthenticated(`, error="invalid_request"`, "the Authorization header must be given once, as Bearer and an API key")
	}
	return strings.TrimSpace(secret), nil
}

// address is where a request came from: the rightmost address of X-Forwarded-For that
// no proxy of ours has, where a proxy of ours sent it.
func address(r *http.Request, proxies []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr().Unmap()
	lines := r.Header["X-Forwarded-For"]
	if len(lines) == 0 {
		return at
	}
	hops := strings.Split(strings.Join(lines, ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(at) }) {
			break
		}
		before, ok := hopAddress(strings.TrimSpace(hop))
		if !ok {
			break
		}
		at = before.Unmap().WithZone("")
	}
	return at
}

// hopAddress reads an address as proxies write it: bare, in brackets, or with a port.
func hopAddress(hop string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(hop, "[]")); err == nil {
		return a, true
	}
	a, err := netip.ParseAddrPort(hop)
	return a.Addr(), err == nil
}

// network is what one subscriber has: an IPv4 address, or the /64 of an IPv6 one.
func network(a netip.Addr) string {
	if !a.Is6() {
		return a.String()
	}
	const subnetBits = 64
	p, err := a.Prefix(subnetBits)
	if err != nil { // an address of IPv6 has 128 bits
		return a.String()
	}
	return p.String()
}
