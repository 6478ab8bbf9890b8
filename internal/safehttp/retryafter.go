package safehttp

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a host can ask for.
const maxRetryAfter = 24 * time.Hour

// RetryAfter returns for how long the answer asks not to be asked again (RFC 9110, 10.2.3): 0 to
// 24 h, 0 where it does not or cannot be read.
func RetryAfter(r *http.Response) time.Duration {
	return retryAfter(r.Header.Get("Retry-After"), sentAt(r))
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
