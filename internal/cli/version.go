package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// build is what the program was made from. What the toolchain did not record,
// outside a repository or with -buildvcs=false, is empty.
type build struct {
	Version  string `json:"version"`          // of the module; (devel) where there is none
	Commit   string `json:"commit,omitempty"` // in full
	Date     string `json:"date,omitempty"`   // of the commit, RFC 3339
	Modified bool   `json:"modified"`         // there were changes beyond the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Version is that of the module, (devel) where there is none.
func Version() string { return thisBuild().Version }

func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	return buildOf(info)
}

// Made returns what the program was made from; the commit is "" where the toolchain did not record it.
func Made() (version, commit, goVersion string) {
	b := thisBuild()
	return b.Version, b.Commit, b.Go
}

func buildOf(info *debug.BuildInfo) build {
	b := build{Version: info.Main.Version, Go: info.GoVersion, Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if b.Version == "" {
		b.Version = "(devel)"
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value
		case "vcs.time":
			b.Date = setting.Value
		case "vcs.modified":
			b.Modified = setting.Value == "true"
		}
	}
	return b
}

func (b build) String() string {
	commit := "of an unknown commit"
	if b.Commit != "" {
		commit = fmt.Sprintf("commit %s of %s", b.Commit, b.Date)
		if b.Modified {
			commit += " with changes"
		}
	}
	return fmt.Sprintf("vitrine %s, %s, %s %s", b.Version, commit, b.Go, b.Platform)
}

type versionCommand struct {
	JSON bool `help:"Print it as JSON." name:"json"`
}

// Run prints what the program was made from.
func (c versionCommand) Run(to Streams) error {
	if c.JSON {
		return writeLine(to.Out, thisBuild())
	}
	_, err := fmt.Fprintln(to.Out, thisBuild())
	return err
}
