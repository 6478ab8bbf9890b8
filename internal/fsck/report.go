package fsck

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"vitrine.dev/internal/gc"
)

// The kinds of findings beside those of package gc: together a closed list, the
// same in the report, its JSON and the log.
const (
	StuckProcessing     gc.Kind = "stuck_processing"
	WrongCounts         gc.Kind = "wrong_counts"
	StaleCache          gc.Kind = "stale_cache"
	ReaderAhead         gc.Kind = "reader_ahead"
	DeadMessagesWaiting gc.Kind = "dead_messages_waiting"
)

// Report is what one run found.
type Report struct{ gc.Report }

func newReport() *Report {
	return &Report{*gc.NewReport(slices.Concat(
		[]gc.Finding{
			{Kind: StuckProcessing, What: "images whose worker stopped long ago"},
		},
		gc.Findings(),
		[]gc.Finding{
			{Kind: WrongCounts, What: "products that say other counts or another cover than their images have"},
			{Kind: StaleCache, What: "cached products of another revision than the database's"},
			{Kind: ReaderAhead, What: "readers of events whose position is beyond the last event"},
			{Kind: DeadMessagesWaiting, What: "messages in the broker's dead-letter queue that no worker drains"},
		},
	))}
}

// WriteJSON writes the report as one JSON object, with "clean" and "compared_all" as in gc.Report.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(struct {
		Clean       bool `json:"clean"`
		ComparedAll bool `json:"compared_all"`
		*Report
	}{r.Clean(), r.ComparedAll(), r})
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "finding\tcount\trepaired\twhat")
	for _, f := range r.Findings {
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", f.Kind, f.Count, f.Repaired, f.What)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	var b strings.Builder
	for _, f := range r.Findings {
		if f.Count == 0 {
			continue
		}
		if len(f.Samples) > 0 {
			fmt.Fprintf(&b, "%s, for example: %s\n", f.Kind, strings.Join(f.Samples, ", "))
		}
		if f.Repaired < f.Count && f.Unrepaired != "" {
			fmt.Fprintf(&b, "%s: %s\n", f.Kind, f.Unrepaired)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintln(&b, note)
	}
	var checked []string
	for _, what := range slices.Sorted(maps.Keys(r.Checked)) {
		checked = append(checked, fmt.Sprintf("%d %s", r.Checked[what], strings.ReplaceAll(what, "_", " ")))
	}
	fmt.Fprintf(&b, "Checked: %s.\n%s\n", strings.Join(checked, ", "), r.verdict())
	if _, err := io.WriteString(w, "\n"+b.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// verdict is gc.Report's, with what can be done and what was left out.
func (r *Report) verdict() string {
	text := r.Verdict() + "."
	var repaired, again int64 // and of these, images that are rendered again
	var skipped []string
	for _, f := range r.Findings {
		repaired += f.Repaired
		if f.Kind == gc.MissingObject || f.Kind == gc.WrongSize || f.Kind == StuckProcessing {
			again += f.Repaired
		}
		if f.Skipped {
			skipped = append(skipped, string(f.Kind))
		}
	}
	switch {
	case r.Left() == 0 && again > 0:
		text += " Images that are rendered again become ready by the workers."
	case r.Left() > 0 && repaired == 0:
		text += " Nothing was repaired: `vitrine fsck --repair` repairs what can be."
	}
	if len(skipped) > 0 {
		text += " Not, or not wholly, compared: " + strings.Join(skipped, ", ") + "."
	}
	return text
}
