package work

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/gc"
)

// consistencyPage is what the page Consistency shows.
type consistencyPage struct {
	Fsck, Finished *run // Finished: where the last one did not come to its end
	Turn           *run
	Round          round
}

// run is one run, with its state in words.
type run struct {
	gc.Run

	Class, Words string
	Checked      []checked
	Found        []found
	Whose        string // who has run it; of a process the beginning of its id
	Process      bool
}

// round is what the last turns of the collector say together.
type round struct {
	gc.Round

	Of           int
	Class, Words string // "" where no turn has come to its end
	Done         bar
	Checked      []checked
	Found        []found
}

// checked is how many of something were compared.
type checked struct {
	What  string
	Count int64
}

// found is what was found of one kind.
type found struct {
	gc.Finding

	Text string
	Left int64
}

// weight is greater for what is to be seen first.
func (f found) weight() int {
	switch {
	case f.Left > 0:
		return 2
	case f.Count > 0:
		return 1
	default:
		return 0
	}
}

func (p *Pages) consistency(r *http.Request) (frame.Answer, error) {
	runs, err := frame.Ask(r.Context(), func(ctx context.Context) ([]gc.Run, error) { return p.Runs.LastRuns(ctx) })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("look at the last checks: %w", err)
	}
	c := gc.Summarize(runs)
	page := consistencyPage{Fsck: runOf(c.Fsck), Turn: runOf(c.Turn), Round: roundOf(c.Round)}
	if c.Finished != c.Fsck {
		page.Finished = runOf(c.Finished)
	}
	return frame.Answer{Page: frame.Page{
		Title: "Consistency", Nav: "consistency", Name: "consistency", Lead: consistencyLead(c, time.Now()), Data: page, Live: true, Often: true,
	}}, nil
}

// roundOf says nothing of what it found where no turn has come to its end.
func roundOf(r gc.Round) round {
	shown := round{
		Round: r, Of: gc.Turns, Checked: checkedOf(r.Report.Checked), Found: foundOf(r.Report.Findings),
		Done: bar{
			Label: fmt.Sprintf("%d of %d parts of the storage are looked at", r.Turns, gc.Turns),
			Parts: shares(gc.Turns, part{Class: "ready", Images: r.Turns}),
		},
	}
	if r.Turns > 0 {
		shown.Class, shown.Words = classOf(&r.Report), r.Report.Verdict()
	}
	return shown
}

// consistencyLead says in a sentence whether the parts agree, as far as it is known.
func consistencyLead(c gc.Consistency, now time.Time) string {
	if c.Finished == nil {
		return "Whether database, storage, queue and cache agree is not known: no fsck has come to its end yet."
	}
	ago := frame.Ago(c.Finished.EndedAt, now)
	if ago == "now" {
		ago = "just " + ago
	}
	switch {
	case c.Finished.Clean():
		return fmt.Sprintf("When they were last compared, %s, database, storage, queue and cache agreed.", ago)
	case c.Finished.Report.Left() == 0:
		return fmt.Sprintf("When database, storage, queue and cache were last compared, %s, nothing was wrong in what was compared, which was not everything.", ago)
	}
	return fmt.Sprintf("When they were last compared, %s, database, storage, queue and cache did not agree in everything.", ago)
}

// runOf is nil for nil.
func runOf(r *gc.Run) *run {
	if r == nil {
		return nil
	}
	one := &run{Run: *r, Class: classOf(&r.Report), Words: r.Verdict(), Checked: checkedOf(r.Report.Checked), Found: foundOf(r.Report.Findings), Whose: r.By, Process: r.Task == gc.TaskCollector}
	if one.Process {
		const idShown = 8
		one.Whose = r.By[:min(len(r.By), idShown)]
	}
	switch {
	case r.Finished():
	case one.Process && r.Report.Refused != "":
		one.Class = "waiting"
	default:
		one.Class = "failed"
	}
	return one
}

// classOf is the colour of what was found: what was left out is not called well.
func classOf(r *gc.Report) string {
	switch {
	case r.Left() > 0:
		return "failed"
	case r.LeftOut():
		return "waiting"
	default:
		return "ready"
	}
}

func checkedOf(counts map[string]int64) []checked {
	var list []checked
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, checked{strings.ReplaceAll(what, "_", " "), counts[what]})
	}
	return list
}

// foundOf has what is left first, and then what was found.
func foundOf(findings []gc.Finding) []found {
	var list []found
	for _, f := range findings {
		first := []rune(f.What)
		if len(first) > 0 {
			first[0] = unicode.ToUpper(first[0])
		}
		list = append(list, found{Finding: f, Text: string(first), Left: f.Count - f.Repaired})
	}
	slices.SortStableFunc(list, func(a, b found) int { return cmp.Compare(b.weight(), a.weight()) })
	return list
}
