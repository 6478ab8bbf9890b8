package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/safehttp"
)

// The causes of a context that our own limits have ended.
var (
	errSlow    = errors.New("the whole download took too long")
	errStalled = errors.New("no bytes came for too long")
)

// failure gives an error of the network its reason. The details say nothing
// that the product's owner could not see from outside.
func failure(ctx context.Context, err error) *fault.Failure {
	if f, ok := fault.FailureOf(err); ok {
		return f
	}
	if blocked, ok := errors.AsType[*safehttp.BlockedError](err); ok {
		return fault.Fail(fault.AddressBlocked, blocked.Detail, blocked.Unwrap())
	}
	if cause := context.Cause(ctx); errors.Is(cause, errSlow) || errors.Is(cause, errStalled) {
		return fault.Fail(fault.SourceTimeout, "The host was too slow.", errors.Join(cause, err))
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return fault.Fail(fault.SourceNotFound, "The host name does not exist.", err)
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return fault.Fail(fault.SourceTimeout, "The host was too slow.", err)
	}
	return fault.Fail(fault.SourceUnreachable, unreachable(err), err)
}

// blamed takes some of the blame from a host that has answered before the
// download failed. Not where it took too long: a host that begins to answer and
// then hangs holds as much as one that is silent.
func blamed(f *fault.Failure, answered bool) *fault.Failure {
	if answered && f.Blame == fault.BlameHost && f.Reason != fault.SourceTimeout {
		own := *f // the failure may be the cause of a context, which others read
		own.Blame = fault.BlameEither
		return &own
	}
	return f
}

func unreachable(err error) string {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "The host's certificate is not valid."
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "The host name could not be looked up."
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "dial" {
		return "The host could not be connected to."
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "The host ended its answer before it was complete."
	}
	return "The connection to the host failed."
}

// judge says why the answer brings no picture, nil where it may. What a host
// may answer otherwise in a while is retried; the rest is final:
//
//   - 202 and 425 say "not yet", 408 that our request was slow to come. They are the URL's
//     matter and say nothing against the host.
//   - 206 and 416 answer a range, 304 and 412 a condition that we have not sent (RFC 9110, 13
//     to 15; a condition of ours that holds was looked at before): something between the host
//     and us, mostly a cache, answers another's request. It is the URL's matter, too.
//   - 429 and 503 are the host's own words that it has too much to do.
//   - Other 5xx, and what is no status at all and counts like one (RFC 9110, 15),
//     may be a defect of the one URL or of the host.
//   - Other 2xx have no picture to give, 3xx without a Location lead nowhere, and
//     4xx are answers to the URL: asked again, the host says the same. So are 409,
//     421, 423 and 424, which a request as plain as ours has not earned.
func (f *Fetcher) judge(r *http.Response) *fault.Failure {
	detail := fmt.Sprintf("The host answered with status %d.", r.StatusCode)
	later := func(blame fault.Blame) *fault.Failure {
		failed := fault.Fail(fault.SourceUnreachable, detail, nil)
		failed.RetryAfter, failed.Blame = safehttp.RetryAfter(r), blame
		return failed
	}
	switch code := r.StatusCode; {
	case code == http.StatusOK || code == http.StatusNonAuthoritativeInfo:
		return nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return fault.Fail(fault.SourceNotFound, detail, nil)
	case code == http.StatusAccepted, code == http.StatusRequestTimeout, code == http.StatusTooEarly,
		code == http.StatusPartialContent, code == http.StatusRequestedRangeNotSatisfiable,
		code == http.StatusNotModified, code == http.StatusPreconditionFailed:
		return later(fault.BlameURL)
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		return later(fault.BlameHost)
	case code >= 200 && code <= 299:
		return fault.Fail(fault.UnsupportedType, detail, nil)
	case code >= 500, code < 100:
		return later(fault.BlameEither)
	default:
		return fault.Fail(fault.SourceForbidden, detail, nil)
	}
}
