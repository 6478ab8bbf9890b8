package backoff_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"vitrine.dev/internal/backoff"
)

func TestDelay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n                     int
		lowest, highest, want time.Duration
	}{
		{0, time.Second, time.Minute, time.Second},
		{1, time.Second, time.Minute, time.Second},
		{2, time.Second, time.Minute, 2 * time.Second},
		{6, time.Second, time.Minute, 32 * time.Second},
		{7, time.Second, time.Minute, time.Minute},
		{math.MaxInt, time.Second, time.Minute, time.Minute},
		{math.MaxInt, time.Second, math.MaxInt64, math.MaxInt64},
		{math.MaxInt, 0, time.Minute, 0},
		{1, time.Minute, time.Second, time.Second},
		{3, time.Minute, time.Second, time.Second},
	} {
		if got := backoff.Delay(c.n, c.lowest, c.highest); got != c.want {
			t.Errorf("failure %d from %s to %s: %s, want %s", c.n, c.lowest, c.highest, got, c.want)
		}
	}
}

func TestJitter(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 1000 {
		d := backoff.Jitter(4)
		if d < 2 || d > 4 {
			t.Fatalf("jitter of 4 ns is %d ns", d)
		}
		seen[d] = true
	}
	if len(seen) != 3 {
		t.Errorf("1000 times jitter took %d of 3 values", len(seen))
	}
	if d := backoff.Jitter(0); d != 0 {
		t.Errorf("jitter of 0 is %d", d)
	}
}

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := backoff.Sleep(t.Context(), time.Hour); err != nil || time.Since(began) != time.Hour {
			t.Errorf("slept for %s, %v", time.Since(began), err)
		}
		reason := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(reason)
		if err := backoff.Sleep(ctx, time.Hour); !errors.Is(err, reason) {
			t.Errorf("slept with a cancelled context: %v", err)
		}
	})
}
