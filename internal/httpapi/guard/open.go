package guard

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/httpkit/server"
)

// Open is the guard of an API without authentication: whoever reaches it may do
// everything, so it refuses what a browser on the same machine was tricked into sending.
// It is safe for concurrent use.
type Open struct {
	hosts  []string
	origin *http.CrossOriginProtection
	log    *slog.Logger
	warn   sync.Once
}

// NewOpen returns an Open guard that answers to loopback addresses, to localhost and to
// the hosts.
func NewOpen(hosts []string, log *slog.Logger) *Open {
	return &Open{hosts: hosts, origin: http.NewCrossOriginProtection(), log: log}
}

// Trust lets pages of the origins send any request. An error names an origin that is none.
func (o *Open) Trust(origins ...string) error {
	for _, origin := range origins {
		if err := o.origin.AddTrustedOrigin(origin); err != nil {
			return fmt.Errorf("trust %s: %w", origin, err)
		}
	}
	return nil
}

// Authorize is server.Config's.
func (o *Open) Authorize(r *http.Request, rt server.Route) (*http.Request, error) {
	if len(rt.Scopes) == 0 {
		return r, nil
	}
	if !o.serves(r.Host) { // a page of another site whose name was made to lead here
		return nil, httpkit.Refuse(http.StatusMisdirectedRequest,
			"without authentication this server answers to localhost only; ALLOWED_HOSTS adds other names")
	}
	if o.origin.Check(r) != nil {
		return nil, httpkit.Refuse(http.StatusForbidden, "a page of another site may not send this request")
	}
	if forwarded(r.Header) {
		o.warn.Do(func() {
			o.log.WarnContext(r.Context(), "a proxy forwards requests to this API, which has no authentication: set AUTH=on")
		})
	}
	p := auth.Everyone()
	p.Address = address(r, nil).String()
	as(r, p)
	return r, nil
}

// serves reports whether requests for the host are meant for this server.
func (o *Open) serves(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if a, err := netip.ParseAddr(name); err == nil && a.Unmap().IsLoopback() {
		return true
	}
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(o.hosts, name)
}

// forwarded reports whether a proxy says for whom it asks.
func forwarded(h http.Header) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return false
}
