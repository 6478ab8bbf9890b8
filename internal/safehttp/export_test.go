package safehttp

import "time"

func RetryAfterOf(value string, now time.Time) time.Duration { return retryAfter(value, now) }
