package metrics_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/testserver"
)

const deploy = "../../deploy/"

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// dashboard returns the expressions of all panels, by their titles.
func dashboard(t *testing.T) map[string][]string {
	t.Helper()
	var d struct {
		Panels []struct {
			Title, Type string
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readText(t, deploy+"grafana/vitrine.json")), &d); err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all[p.Title] = append(all[p.Title], target.Expr)
		}
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("the panel %s shows nothing", p.Title)
		}
	}
	if len(all) < 20 {
		t.Fatalf("the dashboard has %d panels", len(all))
	}
	return all
}

// values are the values of labels that are a closed list.
func values() map[string][]string {
	reasons := []string{""}
	for _, r := range fault.Reasons() {
		reasons = append(reasons, string(r))
	}
	var states, outcomes, steps []string
	for _, s := range dispatch.States() {
		states = append(states, string(s))
	}
	for _, o := range media.Outcomes() {
		outcomes = append(outcomes, string(o))
	}
	for _, s := range media.StepNames() {
		steps = append(steps, string(s))
	}
	return map[string][]string{
		"reason": reasons, "state": states, "outcome": outcomes, "step": steps,
		"kind": {string(failures.KindImage), string(failures.KindMessage)}, "status_class": {"2xx", "3xx", "4xx", "5xx"},
	}
}

// TestRulesAndDashboardAreOfWhatIsExposed: names, labels and their values.
func TestRulesAndDashboardAreOfWhatIsExposed(t *testing.T) {
	t.Parallel()
	types, labels := exposed(t)
	known := values()
	recorded := map[string]bool{}
	rules := readText(t, deploy+"prometheus/rules.yml")
	for _, m := range regexp.MustCompile(`record: (\S+)`).FindAllStringSubmatch(rules, -1) {
		recorded[m[1]] = true
	}
	named := regexp.MustCompile(`\b(vitrine[_:][\w:]+)(?:\{(.*?)\})?`)
	verify := func(where, text string) (found int) {
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			found++
			if strings.HasPrefix(m[1], "vitrine:") {
				if !recorded[m[1]] {
					t.Errorf("%s: no rule records %s", where, m[1])
				}
				continue
			}
			name := m[1]
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				if base, ok := strings.CutSuffix(name, suffix); ok && types[base] == "histogram" {
					name = base
				}
			}
			if types[name] == "" || types[name] == "histogram" && name == m[1] {
				t.Errorf("%s: %s is not exposed", where, m[1])
			}
			for _, l := range regexp.MustCompile(`(\w+)(=|!=|=~|!~)"(.*?)"`).FindAllStringSubmatch(m[2], -1) {
				if l[1] != "le" && !slices.Contains(strings.Fields(labels[name]), l[1]) {
					t.Errorf("%s: %s has no label %s", where, name, l[1])
				}
				for value := range strings.SplitSeq(l[3], "|") {
					step := name == "vitrine_image_step_duration_seconds" && l[1] == "outcome"
					if list, closed := known[l[1]]; closed && !step && !slices.Contains(list, value) {
						t.Errorf("%s: %s is never %q", where, l[1], value)
					}
				}
			}
		}
		return found
	}
	if n := verify("rules.yml", rules); n < 40 {
		t.Errorf("the rules name %d metrics", n)
	}
	for title, list := range dashboard(t) {
		for _, expr := range list {
			if n := verify(title, expr); n == 0 && !strings.Contains(expr, "process_") {
				t.Errorf("the panel %s has nothing of ours", title)
			}
		}
	}
}

// TestBucketsOfTheObjectives: the rules need a bucket that ends where an objective does.
func TestBucketsOfTheObjectives(t *testing.T) {
	t.Parallel()
	all := scrape(t, everything(t))
	for _, bucket := range []string{
		`vitrine_http_request_duration_seconds_bucket{method="GET",route="none",status_class="2xx",le="0.25"}`, `vitrine_image_ready_seconds_bucket{le="60.0"}`,
	} {
		if !strings.Contains(all, bucket) {
			t.Errorf("there is no %s", bucket)
		}
	}
}

// TestEveryAlertSaysWhatToDo: docs/operations.md has a row for each alert, and for no other.
func TestEveryAlertSaysWhatToDo(t *testing.T) {
	t.Parallel()
	alerts, rows := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^ +- alert: (\S+)$`).FindAllStringSubmatch(readText(t, deploy+"prometheus/rules.yml"), -1) {
		alerts[m[1]] = true
	}
	for _, m := range regexp.MustCompile("(?m)^\\| (`Vitrine.*?) \\| .{20,} \\| .{20,} \\|$").FindAllStringSubmatch(readText(t, "../../docs/operations.md"), -1) {
		for _, name := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(m[1], -1) {
			rows[name[1]] = true
		}
	}
	if len(alerts) < 12 || !maps.Equal(alerts, rows) {
		t.Errorf("rules.yml has the alerts %v, and docs/operations.md rows for %v", slices.Sorted(maps.Keys(alerts)), slices.Sorted(maps.Keys(rows)))
	}
	if text := readText(t, "../../docs/operations.md"); !strings.Contains(text, "\n### Alerts\n") {
		t.Error("docs/operations.md has no part to which the alerts could lead")
	}
	tested := readText(t, deploy+"prometheus/rules_test.yml") + readText(t, deploy+"prometheus/rules_days_test.yml")
	for alert := range alerts {
		if !regexp.MustCompile(`alertname: ` + alert + "\n(.*\n){1,3}.*exp_labels").MatchString(tested) {
			t.Errorf("no test of the rules has %s fire", alert)
		}
	}
}

// TestRules runs the tests of the rules.
func TestRules(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: it takes seconds")
	}
	for _, args := range [][]string{
		{"check", "rules", deploy + "prometheus/rules.yml"},
		{"test", "rules", deploy + "prometheus/rules_test.yml", deploy + "prometheus/rules_days_test.yml"},
	} {
		if out, ok := testserver.Promtool(t, args...); !ok {
			t.Errorf("promtool %s:\n%s", strings.Join(args, " "), out)
		}
	}
}

// TestPanels: Prometheus understands what the panels ask for.
func TestPanels(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: it needs promtool")
	}
	type rule struct {
		Record string `json:"record"`
		Expr   string `json:"expr"`
	}
	var rules []rule
	for _, list := range dashboard(t) {
		for _, expr := range list {
			expr = strings.NewReplacer("$__rate_interval", "5m", "$job", "vitrine").Replace(expr)
			rules = append(rules, rule{fmt.Sprintf("panel:%d", len(rules)), expr})
		}
	}
	text, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "panels", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "panels.yml") // JSON is YAML
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, ok := testserver.Promtool(t, "check", "rules", file); !ok {
		t.Error(out)
	}
}
