package metrics_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exposed returns the types of our metrics that a process exposes, by their names, and the labels of each.
func exposed(t *testing.T) (types, labels map[string]string) {
	t.Helper()
	types, labels = map[string]string{}, map[string]string{}
	all := scrape(t, everything(t))
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (vitrine_\S+) (\S+)$`).FindAllStringSubmatch(all, -1) {
		name, kind := m[1], m[2]
		if kind == "counter" { // OpenMetrics has the suffix in the samples alone
			name += "_total"
		}
		types[name] = kind
		sample := regexp.MustCompile(`(?m)^` + name + `(?:_bucket)?(?:\{(.*?)\})? `).FindStringSubmatch(all)
		if sample == nil {
			t.Fatalf("%s has no sample", name)
		}
		var found []string
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(sample[1], -1) {
			if l[1] != "le" {
				found = append(found, l[1])
			}
		}
		slices.Sort(found)
		labels[name] = strings.Join(found, " ")
	}
	return types, labels
}

// TestEveryMetricIsDocumented: the table in docs/metrics.md has what is exposed and nothing else.
func TestEveryMetricIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	types, labels := exposed(t)
	if len(types) < 17 {
		t.Fatalf("only these are exposed: %v", types)
	}
	documented := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(vitrine_\\w+)` \\| (\\w+)(, \\*one process\\*)? \\|(?: (.*?))? \\| (.+) \\|$").FindAllStringSubmatch(string(text), -1) {
		name := row[1]
		documented[name] = true
		if types[name] != row[2] {
			t.Errorf("%s is documented as a %s, and exposed as %q", name, row[2], types[name])
		}
		list := strings.Split(strings.Trim(row[4], "`"), "`, `")
		slices.Sort(list)
		if got := strings.Join(list, " "); got != labels[name] {
			t.Errorf("%s is documented with the labels %q, and has %q", name, got, labels[name])
		}
	}
	for name := range types {
		if !documented[name] {
			t.Errorf("docs/metrics.md has no row for %s", name)
		}
	}
}
