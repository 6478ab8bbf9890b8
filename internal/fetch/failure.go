package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"

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
		f.Blame = fault.BlameEither
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
