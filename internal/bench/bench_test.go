package bench_test

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) {
	if limit.Served() {
		return
	}
	systemtest.Main(m)
}

// names are those of the figures, in the order of the table.
func names() []string {
	return []string{
		"read-hot", "read-random", "list", "read-uncached", "list-uncached",
		"create-cpu-16", "create-cpu-64", "create-rate-16", "create-rate-64", "create-embedded",
		"pictures-4", "pictures-2", "queue", "queue-alone", "ready-embedded", "start", "idle-memory", "worker-memory", "worker-growth", "connections",
	}
}

const leastRounds = 5

// run is how measurements are taken.
type run struct {
	turn   time.Duration // of one measurement of a round
	rounds int
	folder string // of the report; "" for none
}

// begin skips the test where no measurement is asked for.
func begin(t *testing.T) run {
	t.Helper()
	text := os.Getenv("BENCH_TURN")
	if text == "" {
		t.Skip("measures for minutes: make bench")
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("BENCH_TURN is %q", text)
	}
	r := run{turn: d, rounds: leastRounds, folder: os.Getenv("BENCH_REPORT")}
	if text = os.Getenv("BENCH_ROUNDS"); text != "" {
		if r.rounds, err = strconv.Atoi(text); err != nil || r.rounds < 1 {
			t.Fatalf("BENCH_ROUNDS is %q", text)
		}
	}
	return r
}

// took logs the figure, and writes it to the report where there is one: at once, so that what fails later
// loses nothing.
func (r run) took(t *testing.T, f report.Figure) {
	t.Helper()
	if !slices.Contains(names(), f.Name) {
		t.Fatalf("%s has no place in the table", f.Name)
	}
	f.Rounds, f.Cores, f.Go = r.rounds, runtime.NumCPU(), runtime.Version()
	f.Taken, f.Of = time.Now().UTC().Format(time.DateOnly), revision()
	one := report.Report{Figures: []report.Figure{f}}
	t.Logf("%s", one.Table())
	if r.folder == "" {
		return
	}
	all, err := report.Read(r.folder)
	if err == nil {
		all.Add(f)
		all.Sort(names())
		err = all.Write(r.folder)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// revision names the commit, with a mark where files differed from it before the report was written.
var revision = sync.OnceValue(func() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--exclude=*").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
})

// itself is for medians of numbers.
func itself(v float64) float64 { return v }

// median of what of makes of the samples.
func median[T any](samples []T, of func(T) float64) float64 {
	figures := make([]float64, len(samples))
	for i, s := range samples {
		figures[i] = of(s)
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}
