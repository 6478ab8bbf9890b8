package growth_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/systemtest"
)

func TestMain(m *testing.M) { systemtest.Main(m) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// wanted skips the test where no measurement is asked for.
func wanted(t *testing.T) {
	t.Helper()
	if os.Getenv("GROWTH") == "" {
		t.Skip("measures for half an hour and more: make bench-growth")
	}
}

// number is what the variable says, or the default where it says nothing.
func number(t *testing.T, name string, standard int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q", name, text)
	}
	return n
}

// table is what a test has measured.
type table struct {
	head []string
	rows [][]string
}

func (b *table) add(cells ...string) { b.rows = append(b.rows, cells) }

// write logs the table in Markdown, and puts it into the section of the page GROWTH_REPORT that bears the name, if it has so many
// rows: where a part has failed or was not asked for, the page stays as it is.
func (b *table) write(t *testing.T, name string, rows int) {
	t.Helper()
	var text bytes.Buffer
	line := func(cells []string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	text.WriteByte('\n')
	line(b.head)
	line(slices.Repeat([]string{"---"}, len(b.head)))
	for _, row := range b.rows {
		line(row)
	}
	fmt.Fprintf(&text, "\n%d cores, %s, %s.\n\n", runtime.NumCPU(), runtime.Version(), time.Now().UTC().Format(time.DateOnly))
	t.Logf("%s", text.Bytes())
	page := os.Getenv("GROWTH_REPORT")
	if page == "" {
		return
	}
	if len(b.rows) != rows {
		t.Logf("the page stays as it is: there are %d rows of %d", len(b.rows), rows)
		return
	}
	before, err := os.ReadFile(page)
	if err == nil {
		before, err = report.Section("make bench-growth, "+name).Replace(before, text.Bytes())
	}
	if err == nil {
		err = os.WriteFile(page, before, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// figure writes three digits that count, with thousands.
func figure(v float64, unit string) string { return report.Quantity{Value: v, Unit: unit}.String() }

// at is the value that the share of the values, which it sorts, is below.
func at(share float64, values []float64) float64 {
	slices.Sort(values)
	return values[int(share*float64(len(values)-1))]
}
