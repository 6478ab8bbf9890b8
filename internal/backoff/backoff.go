package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Delay returns the wait after the n-th failure in a row, counted from 1:
// lowest, doubled with each further failure, at most highest. It does not
// overflow. An n below 1 counts as 1.
func Delay(n int, lowest, highest time.Duration) time.Duration {
	for ; n > 1 && 0 < lowest && lowest < highest; n-- {
		if lowest > highest/2 {
			return highest
		}
		lowest *= 2
	}
	return min(lowest, highest)
}

// Jitter returns a random duration from d/2 to d, so that what failed at one
// moment does not return at one moment: "equal jitter" of
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
func Jitter(d time.Duration) time.Duration { return Between(d/2, d) }

// Spread returns a random duration within a fifth of d to either side.
func Spread(d time.Duration) time.Duration { return Between(d-d/5, d+d/5) }

// Between returns a random duration from lowest to highest, both included.
// Highest must not be below lowest.
func Between(lowest, highest time.Duration) time.Duration {
	return lowest + rand.N(highest-lowest+1) //nolint:gosec // spreads load, guards nothing
}

// Sleep returns nil after d, or the cause of ctx's end if that comes first.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
