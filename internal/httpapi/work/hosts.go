package work

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/httpapi/page"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit"
	"vitrine.dev/internal/statistics"
	"vitrine.dev/internal/text"
)

// Hosts answers with one page of hosts.
func (h *Handler) Hosts(w http.ResponseWriter, r *http.Request) error {
	p := httpkit.ParamsOf(r)
	f := dispatch.HostFilter{Host: p.AnyCase(dispatch.FieldHost), State: dispatch.Condition(p.Text(dispatch.FieldState))}
	limit := int(p.Integer(httpkit.ParamLimit, dispatch.MaxHosts))
	var err error
	if f.After, err = page.Read(h.Cursors, r, page.FromLink, decodeHost); err != nil {
		return fmt.Errorf("list hosts: %w", err)
	}
	f.FieldErrors = p.Errors
	found, more, err := h.Inspector.Hosts(r.Context(), f, limit)
	if err != nil {
		return fmt.Errorf("list hosts: %w", err)
	}
	fetches, err := h.fetches(r.Context(), found...)
	if err != nil {
		return err
	}
	var next []byte
	if more {
		next = []byte(found[len(found)-1].Name)
	}
	return page.Write(h.Cursors, w, r, found, func(v dispatch.HostView) wire.Host { return withFetches(v, fetches) }, next)
}

// Try has a host tried whose breaker is open, and answers with the host.
func (h *Handler) Try(w http.ResponseWriter, r *http.Request) error {
	tried, err := h.Inspector.Try(r.Context(), r.PathValue(dispatch.FieldHost))
	if err != nil {
		return fmt.Errorf("try a host: %w", err)
	}
	fetches, err := h.fetches(r.Context(), tried)
	if err != nil {
		return err
	}
	return httpkit.WriteFresh(w, http.StatusOK, withFetches(tried, fetches))
}

// fetches are those of the hosts in the last hour.
func (h *Handler) fetches(ctx context.Context, hosts ...dispatch.HostView) (map[string]statistics.Fetches, error) {
	names := make([]string, len(hosts))
	for i, v := range hosts {
		names[i] = v.Name
	}
	found, err := h.Past.Fetches(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("look at the fetches of hosts: %w", err)
	}
	return found, nil
}

func withFetches(v dispatch.HostView, fetches map[string]statistics.Fetches) wire.Host {
	host := wireHost(v)
	f := fetches[v.Name]
	if rate, known := f.Rate(); known {
		host.Fetches = &wire.HostFetches{
			Succeeded: f.Succeeded, Failed: f.Failed, SuccessRate: math.Round(rate*10_000) / 10_000,
			P50MS: f.P50.Round(time.Millisecond).Milliseconds(), P95MS: f.P95.Round(time.Millisecond).Milliseconds(),
		}
	}
	return host
}

func wireHost(h dispatch.HostView) wire.Host {
	host := wire.Host{
		Host: h.Name, State: string(h.State), Limit: h.Limit, InFlight: h.InFlight,
		Parked: h.Parked, ParkedMore: h.Parked >= dispatch.ParkedMost,
		Failures: h.Failures, FailingSince: moment(h.FailingAt), FailedAt: moment(h.FailedAt), RecentMS: h.RecentMS,
	}
	if h.State == dispatch.HostOpen {
		host.OpenUntil = moment(h.OpenUntil)
	}
	if h.Reason != "" {
		host.Reason = &wire.Reason{Code: string(h.Reason), Detail: h.ReasonText, Retryable: h.Reason.Retryable()}
	}
	return host
}

func decodeHost(position []byte) (host string, ok bool) {
	return string(position), text.HostFault(string(position)) == ""
}

// moment returns nil for 0.
func moment(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	return wire.OrNil(time.UnixMilli(ms).UTC())
}
