package guard

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/server"
	"vitrine.dev/internal/ratelimit"
)

// The names of the limits, as clients see them.
const (
	PolicyAddress   = "address"
	PolicyKey       = "key"
	policyWrongKeys = "wrong-keys"
)

// Limits are the limits on requests to routes that name a scope. Every request counts by its address,
// also one that is refused, and one with a valid key by that too. nil: there is no such limit.
type Limits struct {
	Address, Key *ratelimit.Limiter
	Proxies      []netip.Prefix // as in New
}

// Around returns a server.Config's Authorize that applies the limits around another
// guard's: that of the address before, that of the key after it.
func (l Limits) Around(
	authorize func(*http.Request, server.Route) (*http.Request, error),
) func(http.Header, *http.Request, server.Route) (*http.Request, error) {
	return func(answer http.Header, r *http.Request, rt server.Route) (*http.Request, error) {
		if len(rt.Scopes) == 0 {
			return authorize(r, rt)
		}
		if l.Address != nil {
			if err := take(l.Address, answer, r, network(address(r, l.Proxies)), "too many requests from this address"); err != nil {
				return nil, err
			}
		}
		r, err := authorize(r, rt)
		if l.Key == nil || r == nil {
			return r, err
		}
		if key := auth.From(r.Context()).Key; key != 0 {
			if err := take(l.Key, answer, r, strconv.FormatInt(key, 10), "too many requests with this API key"); err != nil {
				return nil, err
			}
		}
		return r, err
	}
}

// take counts the request and says in the header of the answer what is left.
func take(l *ratelimit.Limiter, answer http.Header, r *http.Request, who, refusal string) error {
	status, policy := l.Take(r.Context(), who), l.Policy()
	list(answer, httpkit.HeaderRateLimitPolicy, fmt.Sprintf(`%q;q=%d;w=%d`, policy.Name, policy.Quota, policy.Window/time.Second))
	list(answer, httpkit.HeaderRateLimit, fmt.Sprintf(`%q;r=%d;t=%d`, policy.Name, status.Remaining, httpkit.Seconds(status.Reset)))
	if !status.Allowed {
		return httpkit.Exceeded(policy.Name, status.Reset, refusal)
	}
	return nil
}

// list appends to a header that is a List of RFC 9651.
func list(h http.Header, name, item string) {
	if before := h.Get(name); before != "" {
		item = before + ", " + item
	}
	h.Set(name, item)
}
