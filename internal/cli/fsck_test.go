package cli

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"

	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/httpapi/wire"
)

// TestFsckAgrees: text, JSON, the form of the API and the exit code say the same of one report.
func TestFsckAgrees(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		finding    gc.Finding
		part       bool
		all, clean bool
		text       string
		code       int
	}{
		"nothing":   {gc.Finding{}, false, true, true, "Nothing is wrong.", 0},
		"left out":  {gc.Finding{Skipped: true}, false, false, false, "Nothing is wrong in what was compared. Not, or not wholly, compared: orphan_object.", 0},
		"a part":    {gc.Finding{}, true, false, false, "Nothing is wrong in what was compared.", 0},
		"deleted":   {gc.Finding{Count: 1, Repaired: 1}, false, true, true, "All that was wrong is repaired.", 0},
		"repaired":  {gc.Finding{Kind: gc.MissingObject, Count: 1, Repaired: 1}, false, true, true, "All that was wrong is repaired. Images that are rendered again become ready by the workers.", 0},
		"both":      {gc.Finding{Kind: gc.WrongSize, Count: 1, Repaired: 1, Skipped: true}, false, false, false, "All that was wrong in what was compared is repaired. Images that are rendered again become ready by the workers. Not, or not wholly, compared: wrong_size.", 0},
		"left":      {gc.Finding{Count: 2, Repaired: 1}, false, true, false, "Differences are left.", 1},
		"untouched": {gc.Finding{Count: 2, Skipped: true}, false, false, false, "Differences are left. Nothing was repaired: `vitrine fsck --repair` repairs what can be. Not, or not wholly, compared: orphan_object.", 1},
	} {
		c.finding.Kind, c.finding.Samples = cmp.Or(c.finding.Kind, gc.OrphanObject), []string{}
		report := fsck.Report{Report: gc.Report{Findings: []gc.Finding{c.finding}, Part: c.part}}
		run := func(args ...string) (string, int) {
			var out strings.Builder
			code := Run(t.Context(), &fake{report: &report}, Streams{Out: &out, Err: &out}, args...)
			return out.String(), code
		}
		if text, code := run("fsck"); !strings.Contains(text, "\n"+c.text+"\n") || code != c.code {
			t.Errorf("%s: exit code %d and text\n%s", name, code, text)
		}
		var said struct {
			Clean       bool `json:"clean"`
			ComparedAll bool `json:"compared_all"`
		}
		text, code := run("fsck", "--json")
		if err := json.NewDecoder(strings.NewReader(text)).Decode(&said); err != nil || said.Clean != c.clean || said.ComparedAll != c.all || code != c.code {
			t.Errorf("%s: exit code %d, %v and JSON %s", name, code, err, text)
		}
		if form := wire.CheckRunOf(&gc.Run{Task: gc.TaskFsck, Report: report.Report}); form.Clean != c.clean || form.ComparedAll != c.all {
			t.Errorf("%s: the API says %+v", name, form)
		}
	}
}
