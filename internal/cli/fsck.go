package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

type fsckCommand struct {
	Repair bool           `help:"Repair what can be repaired. Safe while the system runs."`
	JSON   bool           `help:"Print the report as JSON."                                               name:"json"`
	Grace  *time.Duration `help:"How old a file that nothing refers to must be; ORPHAN_GRACE by default."`
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
	case !report.Clean():
		return errNotRepaired
	}
	return nil
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
