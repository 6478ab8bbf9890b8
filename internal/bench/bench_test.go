package bench_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) {
	if answer := os.Getenv("BENCH_BARE"); answer != "" {
		fmt.Fprintln(os.Stderr, serveBare(os.Getenv("BENCH_ADDR"), answer))
		os.Exit(1)
	}
	systemtest.Main(m)
}

const leastRounds = 5

// turn is how long each measurement of a round lasts, and how many rounds there are. It skips the
// test where none is asked for.
func turn(t *testing.T) (d time.Duration, rounds int) {
	t.Helper()
	text := os.Getenv("BENCH_TURN")
	if text == "" {
		t.Skip("measures for minutes: make bench")
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("BENCH_TURN is %q", text)
	}
	rounds = leastRounds
	if text = os.Getenv("BENCH_ROUNDS"); text != "" {
		if rounds, err = strconv.Atoi(text); err != nil || rounds < 1 {
			t.Fatalf("BENCH_ROUNDS is %q", text)
		}
	}
	return d, rounds
}

// sample is what one turn has shown.
type sample struct {
	CPU        float64 // microseconds of the measured process for each operation
	Throughput float64 // operations a second
	P50, P99   float64 // milliseconds
}

// medianOf is the median of what of makes of the samples.
func medianOf(samples []sample, of func(sample) float64) float64 {
	figures := make([]float64, len(samples))
	for i, s := range samples {
		figures[i] = of(s)
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}
