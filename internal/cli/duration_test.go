package cli

import (
	"strings"
	"testing"
	"time"
)

// TestDurations: days are a unit, and what is none is refused with the units there are.
func TestDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "0d": 0, "31d": 744 * time.Hour, "1.5d": 36 * time.Hour, "-1d": -24 * time.Hour, "36h": 36 * time.Hour, "1h30m": 90 * time.Minute, "5ms": 5 * time.Millisecond,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s is %s, %v, want %s", text, got, err, want)
		}
	}
	for _, args := range []string{"keys rotate 7 --overlap=1mo", "keys rotate 7 --overlap 2w", "keys rotate-signing --overlap=31", "keys create --admin --name=x --expires=1e9d", "fsck --grace=NaNd", "keys rotate 7 --overlap=1d12h"} {
		var out strings.Builder
		if code := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &out}, strings.Fields(args)...); code != exitUsage || !strings.Contains(out.String(), "days such as 31d, or in the units h, m, s and ms") {
			t.Errorf("%s ends with %d: %s", args, code, &out)
		}
	}
	program := &fake{}
	if code := Run(t.Context(), program, Streams{Out: &strings.Builder{}, Err: &strings.Builder{}}, "fsck", "--grace=2d"); code != 0 || *program.check.Grace != 48*time.Hour {
		t.Errorf("fsck --grace=2d ends with %d, %v", code, program.check.Grace)
	}
}
