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

// judge says why the answer brings no picture, nil where it may. What a host
// may answer otherwise in a while is retried; the rest is final:
//
//   - 202 and 425 say "not yet", 408 that our request was slow to come, 206 that
//     something between the host and us holds a part of the file only, which we
//     did not ask for. They are the URL's matter and say nothing against the host.
//   - 429 and 503 are the host's own words that it has too much to do.
//   - Other 5xx, and what is no status at all and counts like one (RFC 9110, 15),
//     may be a defect of the one URL or of the host.
//   - Other 2xx have no picture to give, 3xx without a Location lead nowhere, and
//     4xx are answers to the URL: asked again, the host says the same. So are 409,
//     416, 421, 423 and 424, which a request as plain as ours has not earned.
func (f *Fetcher) judge(r *http.Response) *fault.Failure {
	detail := fmt.Sprintf("The host answered with status %d.", r.StatusCode)
	later := func(blame fault.Blame) *fault.Failure {
		failed := fault.Fail(fault.SourceUnreachable, detail, nil)
		failed.RetryAfter, failed.Blame = retryAfter(r.Header.Get("Retry-After"), sentAt(r)), blame
		return failed
	}
	switch code := r.StatusCode; {
	case code == http.StatusOK || code == http.StatusNonAuthoritativeInfo:
		return nil
	case code == http.StatusNotFound || code == http.StatusGone:
		return fault.Fail(fault.SourceNotFound, detail, nil)
	case code == http.StatusAccepted, code == http.StatusPartialContent,
		code == http.StatusRequestTimeout, code == http.StatusTooEarly:
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

// sentAt returns the time of the answer by the host's own clock, which is that
// of the dates in it: ours may be off. Where it does not say, ours has to do.
func sentAt(r *http.Response) time.Time {
	if date, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		return date
	}
	return time.Now()
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
