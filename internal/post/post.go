// Package post sends webhooks to URLs that strangers wrote.
package post

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vitrine.dev/internal/safehttp"
	"vitrine.dev/internal/webhook"
)

// mostConns bounds the connections to one host, at which many may have an endpoint: no less
// than the requests that a webhook.Runner makes at once.
const mostConns = 256

// Sender implements webhook.Sender through the guard of package safehttp.
type Sender struct{ transport *safehttp.Transport }

var _ webhook.Sender = (*Sender)(nil)

// New returns a Sender, which must be closed. allowPrivate lets it reach every address and
// port: see safehttp.Config.
func New(allowPrivate bool) *Sender {
	cfg := safehttp.DefaultConfig()
	cfg.AllowPrivate, cfg.MaxConnsPerHost = allowPrivate, mostConns
	return &Sender{safehttp.New(cfg)}
}

// Close closes unused connections.
func (s *Sender) Close() error { return s.transport.Close() }

// Check implements webhook.Sender.
func (s *Sender) Check(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "must be a URL"
	}
	if u.Fragment != "" {
		return "must be a URL without a fragment"
	}
	if blocked, ok := errors.AsType[*safehttp.BlockedError](s.transport.Check(u)); ok {
		return "cannot be used: " + blocked.Detail
	}
	return ""
}

// Send implements webhook.Sender. A redirect is an answer like any other.
func (s *Sender) Send(ctx context.Context, w webhook.Request) webhook.Answer {
	began := time.Now()
	answer := s.send(ctx, w)
	answer.Duration = time.Since(began)
	return answer
}

func (s *Sender) send(ctx context.Context, w webhook.Request) webhook.Answer {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(w.Body))
	if err != nil {
		return webhook.Answer{Failure: "The URL cannot be requested."}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Vitrine/1.0 (webhooks)")
	for name, value := range map[string]string{
		"webhook-id": w.ID, "webhook-timestamp": strconv.FormatInt(w.At.Unix(), 10), "webhook-signature": w.Signature,
	} {
		r.Header.Set(name, value)
	}
	response, err := s.transport.RoundTrip(r)
	if err != nil {
		return webhook.Answer{Failure: failure(ctx, err)}
	}
	defer response.Body.Close()
	// What is behind it is not read: the connection is closed where there is more.
	body, err := io.ReadAll(io.LimitReader(response.Body, webhook.MaxAnswerBytes))
	answer := webhook.Answer{Status: response.StatusCode, RetryAfter: safehttp.RetryAfter(response), Body: body}
	if err != nil && ctx.Err() != nil { // the receiver was not done in time
		return webhook.Answer{Failure: failure(ctx, err)}
	}
	return answer
}

// failure says why there was no answer, and nothing that the owner of the endpoint could not
// see from outside.
func failure(ctx context.Context, err error) string {
	if blocked, ok := errors.AsType[*safehttp.BlockedError](err); ok {
		return blocked.Detail
	}
	if network, ok := errors.AsType[net.Error](err); ctx.Err() != nil || ok && network.Timeout() {
		return "The host was too slow."
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "The host name does not exist."
		}
		return "The host name could not be looked up."
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "The host's certificate is not valid."
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "dial" {
		return "The host could not be connected to."
	}
	return "The connection to the host failed."
}
