package fetch

import (
	"net/http"
	"testing"
	"time"
)

// TestRetryDateByTheHostsClock: a date is as far away as the host means it,
// however wrong its clock or ours.
func TestRetryDateByTheHostsClock(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-time.Hour, 0, time.Hour} {
		now := time.Now().Add(off).UTC()
		r := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{
			"Date":        {now.Format(http.TimeFormat)},
			"Retry-After": {now.Add(30 * time.Second).Format(http.TimeFormat)},
		}}
		if got := (&Fetcher{}).judge(r).RetryAfter; got != 30*time.Second {
			t.Errorf("a host %s off is asked again after %s, want 30s", off, got)
		}
		r.Header.Del("Date")
		if got := (&Fetcher{}).judge(r).RetryAfter; off == 0 && (got < 25*time.Second || got > 30*time.Second) {
			t.Errorf("a host that gives no date is asked again after %s", got)
		}
	}
}
