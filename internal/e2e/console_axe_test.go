package e2e_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// TestConsoleIsAccessible has axe-core judge every page with data, light and dark, on a phone and on a laptop: it finds nothing serious.
// make interop installs it and runs this.
func TestConsoleIsAccessible(t *testing.T) {
	t.Parallel()
	if os.Getenv("VITRINE_INTEROP") == "" {
		t.Skip("it needs axe-core of npm: make interop")
	}
	axe, err := os.ReadFile("../../.tools/interop/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	s := newConsoleSite(t, map[string]string{})
	pages := s.fill()
	b := s.openTab()
	judge := func(name string) {
		t.Helper()
		var found struct {
			Passed     int
			Violations []string
		}
		b.do("judge", chromedp.Evaluate(string(axe)+`;axe.run(document, {resultTypes: ["violations"]}).then(r => ({
				passed: r.passes.length,
				violations: r.violations.flatMap(v => ["serious", "critical"].includes(v.impact) ? v.nodes.map(n => v.id + ": " + n.target + " " + n.failureSummary) : []),
			}))`,
			&found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
		if found.Passed < 10 {
			t.Errorf("%s: only %d rules were looked at and kept", name, found.Passed)
		}
		for _, v := range found.Violations {
			t.Errorf("%s: %s", name, strings.Join(strings.Fields(v), " "))
		}
	}
	schemes := []string{"light", "dark"}
	each := func(name, address string, before ...string) {
		t.Helper()
		for _, width := range widths()[:2] {
			for _, scheme := range schemes {
				b.do("set the screen", chromedp.EmulateViewport(width, 900),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
				b.open(address)
				b.press(before...)
				judge(name + ", " + scheme)
				s.seen[address] = true
			}
		}
	}
	each("login", "/console/login")
	s.signIn(b, s.admin, "/console")
	maps.Copy(pages, b.menu())
	pages["missing"] = "/console/products/4711"
	for name, address := range pages {
		each(name, address)
	}
	each("the list of keys", "/console", "?")
	each("a row that was selected", "/console/failed", "j", "x")
	change(t, "sqlite", "file:"+filepath.Join(s.env["DATA_DIR"], "vitrine.db")+"?_pragma=busy_timeout(10000)", `
		INSERT INTO images (product_id, user_id, position, source_url, source_host, status, accepted_at, reason, reason_detail, created_at, updated_at, failed_at)
		WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 1100)
		SELECT 1, 1, 100 + n, 'https://h.example/' || n, 'h.example', 'failed', $1, 'source_timeout', 'The host was too slow.', $1, $1, $1 - n FROM more`, 1_700_000_000_000)
	each("a number to be typed", "/console/failed/confirm?action=discard")
	each("a job", b.discardAll("Discard 1,1"))
	s.wantAllSeen()
}
