package fault

import (
	"errors"
	"time"
)

// Reason says why the work on an image failed. The list is closed: API, logs,
// metrics and console use these words and no others.
type Reason string

// The reasons.
const (
	SourceNotFound     Reason = "source_not_found"    // 404 or 410, or a name that does not exist
	SourceForbidden    Reason = "source_forbidden"    // 401, 403 or another refusal
	SourceTimeout      Reason = "source_timeout"      // the host was too slow
	SourceUnreachable  Reason = "source_unreachable"  // no connection, 429, 5xx, or a body cut short
	AddressBlocked     Reason = "address_blocked"     // the address is one we do not fetch from
	TooManyRedirects   Reason = "too_many_redirects"  // more than the limit
	TooLargeBytes      Reason = "too_large_bytes"     // more bytes than the limit
	TooManyPixels      Reason = "too_many_pixels"     // more pixels or frames than the limit
	TooComplex         Reason = "too_complex"         // more scans, pages or other parts than the limit
	UnsupportedType    Reason = "unsupported_type"    // not a picture of an accepted type
	DecodeFailed       Reason = "decode_failed"       // truncated or corrupt
	DecoderCrashed     Reason = "decoder_crashed"     // the process died or hung on these bytes
	WorkerLost         Reason = "worker_lost"         // the worker died or was cut off; says nothing of these bytes
	Cancelled          Reason = "cancelled"           // its import was cancelled while it waited
	StorageUnavailable Reason = "storage_unavailable" // the results could not be stored, an upload not be read, or the download not be kept
)

// Reasons lists every reason, in the order of the path of an image.
func Reasons() []Reason {
	return []Reason{
		SourceNotFound, SourceForbidden, SourceTimeout, SourceUnreachable, AddressBlocked, TooManyRedirects,
		TooLargeBytes, TooManyPixels, TooComplex, UnsupportedType, DecodeFailed, DecoderCrashed, WorkerLost,
		StorageUnavailable, Cancelled,
	}
}

// Retryable reports whether the same work can end otherwise when tried again
// unchanged. Permanent reasons fail at the first attempt.
func (r Reason) Retryable() bool {
	switch r {
	case SourceTimeout, SourceUnreachable, DecoderCrashed, WorkerLost, StorageUnavailable:
		return true
	default:
		return false
	}
}

// Failure is the error with which one attempt at an image ends.
type Failure struct { //nolint:errname // a failed attempt is data of the domain first, an error second
	Reason     Reason
	Detail     string        // one sentence for the product's owner; nothing internal
	RetryAfter time.Duration // how long the source's host asked us to wait; 0 when it did not
	Blame      Blame         // of a failed fetch
	Err        error         // the cause; logged only
}

// Blame says what a fetch that failed, and may be tried again, tells about the
// source's host.
type Blame uint8

// The blames.
const (
	BlameHost   Blame = iota // nothing whole came from it, or it asked to be left alone
	BlameEither              // it answered, though not with the file: its fault or the URL's
	BlameURL                 // it works; only this URL has nothing to give
)

// Fail returns a Failure.
func Fail(reason Reason, detail string, cause error) *Failure {
	return &Failure{Reason: reason, Detail: detail, Err: cause}
}

func (f *Failure) Error() string {
	s := string(f.Reason) + ": " + f.Detail
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

func (f *Failure) Unwrap() error { return f.Err }

// FailureOf returns the Failure in err's chain.
func FailureOf(err error) (*Failure, bool) { return errors.AsType[*Failure](err) }
