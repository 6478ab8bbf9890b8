package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/httpapi/wire"
)

type fsckCommand struct {
	Repair bool           `help:"Repair what can be repaired. Safe while the system runs."                xor:"what"`
	Last   bool           `help:"Compare nothing: print what the last runs found, and the collector."     xor:"what,age"`
	JSON   bool           `help:"Print the report as JSON."                                               name:"json"`
	Grace  *time.Duration `help:"How old a file that nothing refers to must be; ORPHAN_GRACE by default." xor:"age"`
}

// Check says how to check.
type Check struct {
	Repair   bool
	Grace    *time.Duration                     // nil for ORPHAN_GRACE
	Progress func(done, all int, objects int64) // nil for none
}

// errNotRepaired is the outcome of a check that leaves something wrong.
var errNotRepaired = errors.New("something is wrong and not repaired")

// Run compares everything and prints the report. The log goes to the other
// stream, so that the report can be read by a program.
func (f fsckCommand) Run(ctx context.Context, program Program, to Streams) error {
	if f.Grace != nil && *f.Grace < 0 {
		return Usage(errors.New("--grace must not be negative"))
	}
	if f.Last {
		return f.last(ctx, program, to)
	}
	report, err := program.Check(ctx, to, Check{Repair: f.Repair, Grace: f.Grace, Progress: fileProgress(to.Err)})
	if report == nil {
		return err
	}
	if f.JSON {
		err = errors.Join(err, report.WriteJSON(to.Out))
	} else {
		err = errors.Join(err, report.WriteText(to.Out))
	}
	switch {
	case err != nil:
		return Unavailable(fmt.Errorf("fsck: not everything was checked: %w", err))
	case report.Left() > 0:
		return errNotRepaired
	}
	return nil
}

// lastRun is a run as JSON, as of the API.
type lastRun struct {
	Task gc.Task `json:"task"`
	*wire.CheckRun
}

// last prints what the last runs have found. Its outcome says nothing of that.
func (f fsckCommand) last(ctx context.Context, program Program, to Streams) error {
	runs, err := program.LastRuns(ctx, to)
	if err != nil {
		return Unavailable(fmt.Errorf("fsck --last: %w", err))
	}
	if f.JSON {
		list := make([]lastRun, len(runs))
		for i := range runs {
			list[i] = lastRun{runs[i].Task, wire.CheckRunOf(&runs[i])}
		}
		return writeLine(to.Out, list)
	}
	c := gc.Summarize(runs)
	if c.Fsck == nil {
		fmt.Fprintln(to.Out, "fsck has not run yet.")
	}
	for _, r := range []*gc.Run{c.Fsck, c.Finished, c.Turn} {
		if r == nil || r == c.Finished && c.Finished == c.Fsck {
			continue
		}
		if err := writeRun(to.Out, *r); err != nil {
			return err
		}
	}
	return writeRound(to.Out, c.Round)
}

// writeRun prints a run: when, by whom, and its report.
func writeRun(w io.Writer, r gc.Run) error {
	ended := "compared everything"
	switch {
	case !r.Finished():
		ended = "did not compare everything: " + r.Failure
	case r.Report.LeftOut():
		ended = "came to its end, but did not compare everything"
	case r.Report.Part:
		ended = "compared its part of the storage"
	}
	fmt.Fprintf(w, "%s, run by %s, ended at %s after %s; it %s\n", r.Task, r.By, r.EndedAt.Format(time.RFC3339), r.Took, ended)
	if !r.DueAt.IsZero() {
		fmt.Fprintf(w, "The next is due at %s.\n", r.DueAt.Format(time.RFC3339))
	}
	report := fsck.Report{Report: r.Report}
	err := report.WriteText(w)
	fmt.Fprintln(w)
	return err
}

// writeRound prints what the last turns of the collector say together.
func writeRound(w io.Writer, r gc.Round) error {
	if r.Turns == 0 {
		return nil
	}
	fmt.Fprintf(w, "collector, its last turns at %d of %d parts of the storage, of which the earliest ended at %s\n", r.Turns, gc.Turns, r.Since.Format(time.RFC3339))
	report := fsck.Report{Report: r.Report}
	return report.WriteText(w)
}

// fileProgress shows on a terminal how far the comparison of files has come.
func fileProgress(w io.Writer) func(done, all int, objects int64) {
	if !IsTerminal(w) {
		return nil
	}
	return func(done, all int, objects int64) {
		end := ""
		if done == all {
			end = "\r\x1b[K"
		}
		fmt.Fprintf(w, "\rfiles: %d%%, %d checked%s", 100*done/all, objects, end)
	}
}
