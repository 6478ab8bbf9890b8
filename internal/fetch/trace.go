package fetch

import (
	"net/http"
	"net/url"
	"strconv"

	"vitrine.dev/internal/tracing"
)

// traced ends the span of a request to a host. Hosts are strangers: they are sent no
// traceparent, and user names and queries of URLs, which may hold secrets, are left out.
func traced(span tracing.Span, u *url.URL, hop int, response *http.Response, err error) {
	if !span.Recording() {
		return
	}
	plain := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	span.Text(tracing.HTTPMethod, http.MethodGet)
	span.Text(tracing.URLFull, plain.String())
	span.Text(tracing.ServerAddress, u.Hostname())
	if hop > 0 {
		span.Number(tracing.HTTPResend, int64(hop))
	}
	if err != nil {
		span.End(err)
		return
	}
	span.Number(tracing.HTTPStatus, int64(response.StatusCode))
	if response.StatusCode >= http.StatusBadRequest {
		span.Text(tracing.ErrorType, strconv.Itoa(response.StatusCode))
		span.Fail(response.Status)
	}
	span.End(nil)
}
