package fetch

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vitrine.dev/internal/fault"
)

// maxRetryAfter bounds what a host can ask for.
const maxRetryAfter = 24 * time.Hour

// judge says why the answer brings no picture, nil where it may.
func (f *Fetcher) judge(r *http.Response) *fault.Failure {
	detail := fmt.Sprintf("The host answered with status %d.", r.StatusCode)
	switch code := r.StatusCode; {
	case code == http.StatusOK || code == http.StatusNonAuthoritativeInfo:
		return f.judgeEncoding(r)
	case code == http.StatusNotFound || code == http.StatusGone:
		return fault.Fail(fault.SourceNotFound, detail, nil)
	case code == http.StatusAccepted || code == http.StatusPartialContent: // not all of it, not yet
		return fault.Fail(fault.SourceUnreachable, detail, nil)
	case code >= 200 && code <= 299:
		return fault.Fail(fault.UnsupportedType, detail, nil)
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
		failed := fault.Fail(fault.SourceUnreachable, detail, nil)
		failed.RetryAfter = retryAfter(r.Header.Get("Retry-After"), sentAt(r))
		return failed
	default: // the other 4xx, and 1xx and 3xx that lead nowhere
		return fault.Fail(fault.SourceForbidden, detail, nil)
	}
}

// sentAt returns the time of the answer by the host's own clock, which is that
// of the dates in it: ours may be off. Where it does not say, ours has to do.
func sentAt(r *http.Response) time.Time {
	if date, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		return date
	}
	return time.Now()
}

// judgeEncoding refuses a body that would have to be unpacked.
func (*Fetcher) judgeEncoding(r *http.Response) *fault.Failure {
	for _, value := range r.Header.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "identity") {
				return fault.Fail(fault.UnsupportedType, "The host sent a compressed body, which was not asked for.", nil)
			}
		}
	}
	return nil
}

// retryAfter reads the header of that name: seconds, or an HTTP date. It
// returns 0 to maxRetryAfter, 0 for what cannot be read.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(maxRetryAfter/time.Second) { // a number too great to read
			return maxRetryAfter
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}
