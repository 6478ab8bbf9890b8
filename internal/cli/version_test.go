package cli

import (
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

func TestBuildNamesItsCommit(t *testing.T) {
	t.Parallel()
	recorded := []debug.BuildSetting{
		{Key: "vcs", Value: "git"},
		{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"},
		{Key: "vcs.time", Value: "2026-11-26T10:00:00Z"},
		{Key: "vcs.modified", Value: "false"},
	}
	changed := slices.Clone(recorded)
	changed[3].Value = "true"
	for _, tt := range []struct {
		info debug.BuildInfo
		want string
	}{
		{
			debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: "v1.2.3"}, Settings: recorded},
			"vitrine v1.2.3, commit 0123456789abcdef0123456789abcdef01234567 of 2026-11-26T10:00:00Z, go1.26 ",
		},
		{
			debug.BuildInfo{GoVersion: "go1.26", Settings: changed},
			"vitrine (devel), commit 0123456789abcdef0123456789abcdef01234567 of 2026-11-26T10:00:00Z with changes, go1.26 ",
		},
		{debug.BuildInfo{GoVersion: "go1.26"}, "vitrine (devel), of an unknown commit, go1.26 "},
	} {
		if got := buildOf(&tt.info).String(); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%q does not begin with %q", got, tt.want)
		}
	}
}
