package safehttp_test

import (
	"testing"
	"time"

	"vitrine.dev/internal/safehttp"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "007": 7 * time.Second,
		"86400": 24 * time.Hour, "86401": 24 * time.Hour, "99999999999999999999999": 24 * time.Hour,
		"-1": 0, "+1": 0, "1.5": 0, "1s": 0, "soon": 0, "1e3": 0, "0x10": 0, "\u0661": 0,
		"Mon, 23 Nov 2026 08:01:30 GMT":  90 * time.Second,
		"Monday, 23-Nov-26 08:00:05 GMT": 5 * time.Second,
		"Mon Nov 23 08:00:05 2026":       5 * time.Second,
		"Mon, 23 Nov 2026 07:59:59 GMT":  0,
		"Fri, 31 Dec 9999 23:59:59 GMT":  24 * time.Hour,
		"Mon, 23 Nov 2026":               0,
	} {
		if got := safehttp.RetryAfterOf(value, now); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"", "0", "120", "99999999999999999999", "-5", "Mon, 23 Nov 2026 08:01:30 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(seed, int64(1_790_000_000))
	}
	f.Fuzz(func(t *testing.T, value string, now int64) {
		if got := safehttp.RetryAfterOf(value, time.Unix(now, 0)); got < 0 || got > 24*time.Hour {
			t.Errorf("%q at %d: got %s", value, now, got)
		}
	})
}
