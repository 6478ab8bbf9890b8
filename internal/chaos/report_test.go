package chaos_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// report is the table that a run ends with.
type report struct {
	text   strings.Builder
	table  *tabwriter.Writer
	failed bool
	detail []string
}

func newReport() *report {
	r := &report{}
	r.table = tabwriter.NewWriter(&r.text, 0, 0, 2, ' ', 0)
	return r
}

// figure is a line without a check.
func (r *report) figure(name, format string, args ...any) {
	fmt.Fprintf(r.table, "  \t%s\t%s\n", name, fmt.Sprintf(format, args...))
}

// check is a line that must hold.
func (r *report) check(name string, problems []string, format string, args ...any) {
	mark := "ok"
	if len(problems) > 0 {
		mark, r.failed = "FAILED", true
		for _, p := range problems[:min(5, len(problems))] {
			r.detail = append(r.detail, name+": "+p)
		}
	}
	text := fmt.Sprintf(format, args...)
	if len(problems) > 0 {
		text = strings.TrimSpace(fmt.Sprintf("%d violations; %s", len(problems), text))
	}
	fmt.Fprintf(r.table, "%s\t%s\t%s\n", mark, name, text)
}

// print ends the report, and the test with it where a check failed.
func (r *report) print(t *testing.T) {
	t.Helper()
	_ = r.table.Flush()
	t.Logf("\n%s", r.text.String())
	for _, d := range r.detail {
		t.Error(d)
	}
	if r.failed && len(r.detail) == 0 {
		t.Error("a check failed")
	}
}

// tally writes counts by name, in order.
func tally(counts map[string]int) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(list, ", ")
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
