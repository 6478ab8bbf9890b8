package cost_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) {
	if limit.Served() {
		return
	}
	systemtest.Main(m)
}

const (
	clients = 16
	rounds  = 5
)

// turn is how long one measurement of a round lasts. It skips the test where none is
// asked for.
func turn(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("COST_TURN")
	if text == "" {
		t.Skip("measures for minutes: make cost")
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("COST_TURN is %q", text)
	}
	return d
}

// atMost prints a figure and fails the test where it is not within its limit.
func atMost(t *testing.T, figure, most float64, format string, args ...any) {
	t.Helper()
	text := fmt.Sprintf(format, args...)
	if !(figure <= most) { // nor is it where nothing was measured: that is not a number
		t.Errorf("%s: %.2f, not at most %.2f", text, figure, most)
		return
	}
	t.Logf("%s: %.2f (at most %.2f)", text, figure, most)
}

// postgres is a server of the test's own that syncs its commits.
type postgres struct{ *limit.Postgres }

func newPostgres(t *testing.T) *postgres {
	t.Helper()
	return &postgres{limit.NewPostgres(t)}
}

// repeat has all clients call do until the time is over, and returns how often
// they did.
func repeat(t *testing.T, d time.Duration, do func(ctx context.Context, client, n int) error) (times int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	counts := make([]int, clients)
	group, groupCtx := errgroup.WithContext(t.Context())
	for client := range clients {
		group.Go(func() error {
			for ctx.Err() == nil {
				if err := do(groupCtx, client, counts[client]); err != nil {
					return err
				}
				counts[client]++
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, n := range counts {
		times += n
	}
	if times == 0 {
		t.Fatalf("nothing was done within %s: this shows nothing", d)
	}
	return times
}

func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[len(sorted)/2]
}

func micros(d time.Duration, n int) float64 { return float64(d.Microseconds()) / float64(n) }
