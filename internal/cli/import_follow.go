package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/client"
	"vitrine.dev/internal/httpapi/wire"
)

// shownFaults is how many rows that failed are printed in the end.
const shownFaults = 10

// importFollower follows an import to its end, and pauses it on Ctrl-C.
type importFollower struct {
	api *client.Client
	is  client.Import
	bar *importBar
}

func (f *importFollower) run(ctx context.Context) error {
	f.bar.show(f.is)
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for answered := time.Now(); f.is.FinishedAt == nil && f.is.State != "paused"; {
		select {
		case <-ctx.Done():
			return f.pause(context.WithoutCancel(ctx))
		case <-tick.C:
		}
		now, err := f.api.ImportNow(ctx, f.is.ID)
		switch {
		case err == nil:
			f.is, answered = now, time.Now()
			f.bar.show(now)
		case ctx.Err() != nil: // paused above
		case !client.IsTemporary(err) || time.Since(answered) > outageLimit:
			f.bar.clear()
			return fmt.Errorf("import %d goes on, not followed any more (vitrine import --resume %[1]d follows it): %w", f.is.ID, err)
		}
	}
	f.bar.clear()
	f.bar.line(f.is)
	return f.ended(ctx)
}

// pause has the import wait, and says how it goes on. Where all rows are written nothing is left
// to be paused.
func (f *importFollower) pause(ctx context.Context) error {
	defer f.bar.clear()
	if f.is.State == "images" {
		return fmt.Errorf("import %d goes on with its images, not followed any more: vitrine import --resume %[1]d follows it", f.is.ID)
	}
	now, err := f.api.PauseImport(ctx, f.is.ID)
	if answer, ok := errors.AsType[*client.Error](err); ok && answer.Status == http.StatusConflict {
		if now, err = f.api.ImportNow(ctx, f.is.ID); err == nil && now.FinishedAt != nil {
			f.is = now
			f.bar.clear()
			f.bar.line(now)
			return f.ended(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("import %d could not be paused and goes on (POST %s/pause pauses it): %w", f.is.ID, f.is.Path(), err)
	}
	return fmt.Errorf("import %d is paused after %s: vitrine import --resume %[1]d goes on, POST %[3]s/cancel ends it",
		now.ID, several(now.Rows.Read, "row"), now.Path())
}

// ended says which rows have failed, and returns an error where not everything was done.
func (f *importFollower) ended(ctx context.Context) error {
	if f.is.State == "completed" {
		return nil
	}
	if f.is.Rows.Failed > 0 && !f.bar.asJSON {
		if err := f.faults(ctx); err != nil {
			return err
		}
	}
	switch f.is.State {
	case "completed_with_errors":
		return fmt.Errorf("import %d has errors: GET %s/results tells all of them", f.is.ID, f.is.Path())
	case "failed":
		return fmt.Errorf("nothing was written by import %d: GET %s/results tells why", f.is.ID, f.is.Path())
	default:
		return fmt.Errorf("someone else has had import %d %s", f.is.ID, f.is.State)
	}
}

// faults prints the first rows that have failed.
func (f *importFollower) faults(ctx context.Context) error {
	shown := 0
	return f.api.ImportResults(ctx, f.is.ID, func(r wire.ImportResult) bool {
		if r.Outcome != "failed" {
			return true
		}
		for n, e := range r.Errors {
			if n == 0 {
				fmt.Fprintf(f.bar.to.Out, "line %d: %s %s\n", r.Line, e.Field, e.Reason)
				continue
			}
			fmt.Fprintf(f.bar.to.Out, "         %s %s\n", e.Field, e.Reason)
		}
		shown++
		return shown < shownFaults
	})
}
