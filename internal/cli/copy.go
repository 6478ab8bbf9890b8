package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

type copyCommand struct {
	To string `help:"Where to: a file with the variables of the target, in the form of .env, or embedded:DIR." placeholder:"FILE" required:""`
}

// CopyProgress shows how far a copy is; its functions are nil for none.
type CopyProgress struct {
	Files func(done, all int, files int64)
	Rows  func(table string, done, all int64)
}

// Copied is what was copied.
type Copied struct {
	AsOf time.Time        // what was written to the source later is not in the copy
	Rows map[string]int64 // by table

	SameStorage  bool // no file was copied
	Files, Bytes int64
	Missing      int64 // files that the source does not have, as it should
}

// Run copies, and prints what.
func (c copyCommand) Run(ctx context.Context, program Program, to Streams) error {
	copied, err := program.Copy(ctx, to, c.To, CopyProgress{Files: fileProgress(to.Err), Rows: rowProgress(to.Err)})
	if errors.Is(err, context.Canceled) {
		return Unavailable(err)
	}
	if err != nil {
		return byKind(err)
	}
	_, err = io.WriteString(to.Out, copied.text())
	return err
}

func (c Copied) text() string {
	var tables []string
	for _, name := range slices.Sorted(maps.Keys(c.Rows)) {
		if c.Rows[name] > 0 {
			tables = append(tables, fmt.Sprintf("%s %d", name, c.Rows[name]))
		}
	}
	text := fmt.Sprintf("Rows: %s.\n", strings.Join(tables, ", "))
	if c.SameStorage {
		text += "Images: the storage is the same, nothing was copied.\n"
	} else {
		text += fmt.Sprintf("Images: %s, %d bytes.\n", several(c.Files, "file"), c.Bytes)
	}
	if c.Missing > 0 {
		text += fmt.Sprintf("Missing at the source: %s. Run `vitrine fsck --repair` with the target's environment.\n", several(c.Missing, "file"))
	}
	return text + fmt.Sprintf("What was written after %s is not in the copy.\n", c.AsOf.UTC().Format(time.RFC3339))
}

// rowProgress shows on a terminal how far the copy of rows has come.
func rowProgress(w io.Writer) func(table string, done, all int64) {
	if !IsTerminal(w) {
		return nil
	}
	return func(table string, done, all int64) {
		end := ""
		if done == all {
			end = "\n"
		}
		fmt.Fprintf(w, "\r%s: %d of %d%s", table, done, all, end)
	}
}
