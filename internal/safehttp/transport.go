package safehttp

import (
	"net"
	"net/http"
	"slices"
)

// Transport makes requests where they may be made. It is safe for concurrent
// use, keeps connections for the next request to the same host, and must be
// closed. It follows no redirects and adds no cookies.
//
// Dialer and HTTP may be changed before the first request. Dialer.Control is
// the check of addresses: what replaces it must call it.
type Transport struct {
	Dialer *net.Dialer
	HTTP   *http.Transport
	guard  *guard // nil with AllowPrivate
}

var _ http.RoundTripper = (*Transport)(nil)

// New returns a transport with limits for which Validate finds no fault.
func New(cfg Config) *Transport {
	t := &Transport{Dialer: &net.Dialer{Timeout: cfg.DialTimeout, KeepAlive: cfg.KeepAlive}}
	if !cfg.AllowPrivate {
		t.guard = newGuard(slices.Clone(cfg.Ports))
		t.Dialer.Control = t.guard.control
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	t.HTTP = &http.Transport{
		Proxy:                  nil, // it would connect where the guard cannot see
		DialContext:            t.Dialer.DialContext,
		Protocols:              &protocols,
		DisableCompression:     true,
		TLSHandshakeTimeout:    cfg.TLSTimeout,
		ResponseHeaderTimeout:  cfg.HeaderTimeout,
		MaxResponseHeaderBytes: cfg.MaxHeaderBytes,
		MaxConnsPerHost:        cfg.MaxConnsPerHost,
		MaxIdleConnsPerHost:    cfg.MaxConnsPerHost,
		MaxIdleConns:           4 * cfg.MaxConnsPerHost,
		IdleConnTimeout:        cfg.KeepAlive,
	}
	return t
}

// RoundTrip implements http.RoundTripper. The error has a *BlockedError in its
// chain where the URL, or the address of its host, may not be requested.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.Check(r.URL); err != nil {
		return nil, err
	}
	return t.HTTP.RoundTrip(r)
}

// Close closes unused connections.
func (t *Transport) Close() error {
	t.HTTP.CloseIdleConnections()
	return nil
}
