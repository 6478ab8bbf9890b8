package systemtest

import (
	"strings"
	"testing"
)

// TestDefectsApply builds the packages that the defects change: who moves the
// code learns here that a defect has to move with it.
func TestDefectsApply(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: it builds the program with each defect")
	}
	for _, name := range Defects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, err := newOverlay(t.TempDir(), name)
			if err != nil {
				t.Fatal(err)
			}
			if err := goBuild(t.Context(), append([]string{"-overlay", o.file}, o.packages...)...); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPatchesAreNeverSkipped: a defect that does not fit the code is an error
// that names it.
func TestPatchesAreNeverSkipped(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]patch{
		"not there": {"internal/systemtest", "no such " + "snippet", ""},
		"ambiguous": {"internal/systemtest", "package systemtest\n", ""},
	} {
		if path, err := p.apply(map[string]string{}); err == nil || !strings.Contains(err.Error(), p.from) {
			t.Errorf("%s: applied to %q, %v", name, path, err)
		}
	}
	if _, err := newOverlay(t.TempDir(), "no-such-defect"); err == nil {
		t.Error("a defect that does not exist was built")
	}
}
