package bench_test

import (
	"testing"
	"time"
)

// compare measures both by turns.
func compare(t *testing.T, ours, limit target, d time.Duration, rounds int, least float64) {
	t.Helper()
	var mine, theirs []sample
	for range rounds {
		theirs = append(theirs, limit.measure(t, d))
		mine = append(mine, ours.measure(t, d))
	}
	cpu := func(s sample) float64 { return s.CPU }
	rate := func(s sample) float64 { return s.Throughput }
	p99 := func(s sample) float64 { return s.P99 }
	t.Logf("%.1f µs beside %.1f = %.2f (to reach %.2f); %.0f/s beside %.0f; p99 %.2f ms beside %.2f",
		medianOf(mine, cpu), medianOf(theirs, cpu), medianOf(theirs, cpu)/medianOf(mine, cpu), least,
		medianOf(mine, rate), medianOf(theirs, rate), medianOf(mine, p99), medianOf(theirs, p99))
}
