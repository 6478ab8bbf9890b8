package work

import (
	"fmt"
	"net/http"
	"strings"

	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/processes"
)

// workersPage is what the page Workers shows.
type workersPage struct {
	flow

	Processes []process
}

// process is one that is alive.
type process struct {
	processes.Process

	Use   bar
	Slots []slot // nil: too many to be drawn one by one
}

func (p *Pages) workers(r *http.Request) (frame.Answer, error) {
	f, err := p.overview(r.Context())
	if err != nil {
		return frame.Answer{}, err
	}
	page := workersPage{flow: f}
	for _, one := range f.Overview.Processes {
		page.Processes = append(page.Processes, process{
			Process: one, Slots: slotsOf([]processes.Process{one}),
			Use: bar{
				Label: fmt.Sprintf("%d of %d slots in use", one.InFlight, one.Slots),
				Parts: shares(max(one.Slots, one.InFlight), part{Class: "work", Images: one.InFlight}),
			},
		})
	}
	lead := workersWords(f)
	return frame.Answer{Page: frame.Page{Title: "Workers", Nav: "workers", Name: "workers", Lead: lead, Data: page, Live: true, Often: true}}, nil
}

// workersWords says whether a worker is dead, as the page Now does, and who is alive.
func workersWords(f flow) string {
	var sentences []string
	for _, found := range findings.Judge(findings.Facts{Now: f.At, Queue: &f.Overview}) {
		if found.Code == findings.WorkerStopped {
			sentences = append(sentences, found.Text)
		}
	}
	switch {
	case len(f.Working) == 0:
		sentences = append(sentences, "No worker is alive: pictures wait until one is started.")
	case len(sentences) == 0:
		sentences = append(sentences, "No worker is dead.")
	}
	alive := fmt.Sprintf("%s alive, with %s.", frame.Plural(len(f.Overview.Processes), "process", "processes"), frame.Plural(f.Overview.Slots, "slot"))
	return strings.Join(append(sentences, alive), " ")
}
