package work

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/processes"
)

// nowPage is what the page Now shows.
type nowPage struct {
	flow
	findings.Report

	History    history
	Failed     failures.Tally // since Facts.FailedAfter
	FailedMore bool
	FailedPath string
	Wrong      []wrong // the first wrongShown
	Rest       []wrong
	Slots      []slot // few enough to be drawn one by one; nil: there are more
	Newest     []published
}

// wrong is a finding, and where what can be done about it is.
type wrong struct {
	findings.Finding

	Class, Href, Do string
	Try             string // where its host is tried; "" where there is none to try
}

// published is a picture on its product.
type published struct {
	URL, Name, Href string
}

// wrongShown is how many findings stand there; the others are folded.
const wrongShown = 6

// newestShown is how many of the newest products have their picture shown.
const newestShown = 12

// slot is a place for one download.
type slot struct{ Class string }

// slotsMost is how many slots are drawn one by one.
const slotsMost = 256

func (p *Pages) overview(ctx context.Context) (flow, error) {
	o, err := frame.Ask(ctx, p.Work.Overview)
	if err != nil {
		return flow{}, fmt.Errorf("look at the queue: %w", err)
	}
	return flowOf(o), nil
}

func (p *Pages) now(r *http.Request) (frame.Answer, error) {
	by := auth.From(r.Context())
	report, err := p.Findings.Report(r.Context(), by)
	if err != nil {
		return frame.Answer{}, fmt.Errorf("look for what is wrong: %w", err)
	}
	if report.Facts.Queue == nil {
		return frame.Answer{}, fault.Wrap(fault.Unavailable, "the queue could not be read", report.Facts.Unread[findings.TheQueue])
	}
	page := nowPage{flow: flowOf(*report.Facts.Queue), Report: report, History: p.history(r)}
	page.Slots, page.FailedPath = slotsOf(page.Working), failedPath(failures.Filter{FailedAfter: report.Facts.FailedAfter})
	if f := report.Facts.Failures; f != nil {
		page.Failed, page.FailedMore = f.Tally, f.More
	}
	for i, f := range report.Findings {
		w := wrongOf(f)
		w.Try = tryOf(f, report.Facts.Hosts)
		if i < wrongShown {
			page.Wrong = append(page.Wrong, w)
		} else {
			page.Rest = append(page.Rest, w)
		}
	}
	// Whoever may see the page may see all products.
	page.Newest, err = recently(r.Context(), &p.newest, func(ctx context.Context) ([]published, error) { return p.readNewest(ctx, by) })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list the newest products: %w", err)
	}
	return frame.Answer{Page: frame.Page{
		Title: "Now", Nav: "now", Name: "now", Lead: leadOf(page), Data: page, Live: true, Often: true, Chart: true,
	}}, nil
}

// readNewest returns the pictures of the newest products that have one.
func (p *Pages) readNewest(ctx context.Context, by auth.Principal) (shown []published, err error) {
	newest, err := p.Catalog.ListOfAll(ctx, by, catalog.Filter{Limit: 2 * newestShown})
	for _, s := range newest.Products {
		if s.Cover != nil && len(shown) < newestShown {
			shown = append(shown, published{p.URL(s.Cover.Key), s.Name, frame.Path + "/products/" + strconv.FormatInt(s.ID, 10)})
		}
	}
	return shown, err
}

// wrongOf says what can be done about a finding, and where.
func wrongOf(f findings.Finding) wrong {
	w := wrong{Finding: f, Class: "waiting"}
	if f.Severity == findings.Critical || f.Code == findings.PicturesFailed || f.Code == findings.HostFailing {
		w.Class = "failed"
	}
	a := f.Action
	selected := failures.Filter{Host: a.Host, Reason: a.Reason, UserID: a.UserID, FailedAfter: a.FailedAfter}
	switch a.Kind {
	case findings.RetryFailures:
		w.Do, w.Href = "Retry", confirmPath(selected, failures.Replay)
	case findings.ShowFailures:
		w.Do, w.Href = "See which", failedPath(selected)
	case findings.ShowHost:
		w.Do, w.Href = "See the host", hostPath(a.Host)
	case findings.ShowWorkers:
		w.Do, w.Href = "See the workers", frame.Path+"/workers"
	case findings.ShowQueue:
		w.Do, w.Href = "See the queue", frame.Path+"/queue"
	case findings.ShowWebhook:
		w.Do, w.Href = "See the webhook", fmt.Sprintf("%s/webhooks/%d/%d", frame.Path, a.UserID, a.ID)
	case findings.ShowImport:
		w.Do, w.Href = "See the import", fmt.Sprintf("%s/jobs/imports/%d", frame.Path, a.ID)
	case findings.ShowRuns:
		w.Do, w.Href = "See what", frame.Path+"/consistency"
	default:
		w.Do, w.Href = "See the parts", "/readyz"
	}
	return w
}

// tryOf is where the host of the finding is tried, where its breaker is open.
func tryOf(f findings.Finding, failing []dispatch.HostView) string {
	for _, h := range failing {
		if f.Code == findings.HostFailing && h.Name == f.Action.Host && h.State == dispatch.HostOpen {
			return frame.Path + tryPath(h.Name)
		}
	}
	return ""
}

// leadOf says in a sentence how it goes.
func leadOf(p nowPage) string {
	switch {
	case len(p.Working) == 0 && p.Waiting > 0:
		return "No worker is alive: " + waitWords(p.flow) + "."
	case len(p.Working) == 0:
		return "No worker is alive."
	case p.Waiting == 0 && p.InFlight == 0:
		return "Nothing waits: every picture is ready, or has failed for good."
	case p.Waiting == 0:
		return frame.Plural(p.InFlight, "picture") + " in work, none waits."
	case p.Waited == 0:
		return waitWords(p.flow) + "."
	default:
		return fmt.Sprintf("%s, for up to %s.", waitWords(p.flow), frame.Took(p.Waited))
	}
}

// waitWords is "3 pictures wait".
func waitWords(f flow) string {
	switch {
	case f.WaitingMore:
		return frame.UpTo(f.Waiting, true) + " pictures wait"
	case f.Waiting == 1:
		return "1 picture waits"
	default:
		return frame.Number(f.Waiting) + " pictures wait"
	}
}

// slotsOf draws the slots of the processes, those in use first.
func slotsOf(working []processes.Process) []slot {
	var slots []slot
	for _, w := range working {
		for i := range w.Slots {
			class := "idle"
			if i < w.SlotsTaken() {
				class = "work"
			}
			if slots = append(slots, slot{class}); len(slots) > slotsMost {
				return nil
			}
		}
	}
	return slots
}
