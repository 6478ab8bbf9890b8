package work

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/processes"
)

// workersPage is what the page Workers shows.
type workersPage struct {
	flow

	Processes []process
	Stopped   []processes.Process
}

// process is one that is alive.
type process struct {
	processes.Process

	Class, Condition string
	Bar              bar    // of its slots
	Slots            []slot // nil: too many to be drawn one by one
	Budget           bar    // of pixels
	Pixels           string
	Other            bool // other processes run another version
}

// processOf is the process as the page shows it; mixed: not all run the same version.
func processOf(one processes.Process, mixed bool) process {
	p := process{
		Process: one, Class: "ready", Condition: "Alive", Slots: slotsOf([]processes.Process{one}), Other: mixed,
		Bar: bar{
			Label: fmt.Sprintf("%d of %d slots in use", one.SlotsTaken(), one.Slots),
			Parts: shares(max(one.Slots, one.SlotsTaken()), part{Class: "work", Images: one.SlotsTaken()}),
		},
		Pixels: fmt.Sprintf("%s of %s million", megapixels(one.PixelsUsed), megapixels(one.PixelBudget)),
	}
	if one.Draining {
		p.Class, p.Condition = "waiting", "Draining"
	}
	percent := frame.Percent(one.PixelsUsed, one.PixelBudget)
	p.Budget = bar{Label: fmt.Sprintf("%d%% of the pixels that may be rendered at once", percent), Parts: shares(wholePercent, part{Class: "work", Images: percent})}
	return p
}

const wholePercent = 100

// megapixels is the number in millions.
func megapixels(n int64) string {
	const million = 1_000_000
	return frame.Number((n + million/2) / million)
}

// mixed reports whether they run several versions.
func mixed(list []processes.Process) bool {
	return slices.ContainsFunc(list, func(p processes.Process) bool { return p.Version != list[0].Version })
}

func (p *Pages) workers(r *http.Request) (frame.Answer, error) {
	f, err := p.overview(r.Context())
	if err != nil {
		return frame.Answer{}, err
	}
	page := workersPage{flow: f, Stopped: f.Lost}
	several := mixed(f.Overview.Processes)
	for _, one := range f.Overview.Processes {
		page.Processes = append(page.Processes, processOf(one, several))
	}
	lead := workersWords(f)
	return frame.Answer{Page: frame.Page{Title: "Workers", Nav: "workers", Name: "workers", Lead: lead, Data: page, Live: true, Often: true}}, nil
}

// workersWords says whether a worker is dead, as the page Now does, and who is alive.
func workersWords(f flow) string {
	var sentences []string
	if text := findings.LostText(f.At, f.Lost); text != "" {
		sentences = append(sentences, text)
	}
	switch {
	case processes.AllDrain(f.Overview.Processes):
		sentences = append(sentences, "Every worker drains: pictures wait until another one is started.")
	case !slices.ContainsFunc(f.Overview.Processes, processes.Process.Works):
		sentences = append(sentences, "No worker is alive: pictures wait until one is started.")
	case len(sentences) == 0:
		sentences = append(sentences, "No worker is dead.")
	}
	alive := fmt.Sprintf("%s alive, with %s.", frame.Plural(len(f.Overview.Processes), "process", "processes"), frame.Plural(f.Overview.Slots, "slot"))
	return strings.Join(append(sentences, alive), " ")
}
