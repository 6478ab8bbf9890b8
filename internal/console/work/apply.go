package work

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/filtered"
)

// typedFrom is from how many items on their number has to be typed before something is done about all of them.
const typedFrom = 1001

// confirmPage asks whether something is to be done about all that a filter selects.
type confirmPage struct {
	Action  failures.Action
	Verb    string
	Matched int64
	Typed   bool
	Chips   []chip
	Apply   string // where it is done
	Back    string
}

// verbOf is the action as a button has it.
func verbOf(a failures.Action) (string, error) {
	switch a {
	case failures.Replay:
		return "Retry", nil
	case failures.Discard:
		return "Discard", nil
	default:
		return "", fault.InvalidField("action", "must be replay or discard")
	}
}

// requestOf is what the address asks for.
func requestOf(r *http.Request, dry bool) failures.Request {
	f := filterOf(r.URL.Query())
	return failures.Request{Action: failures.Action(r.FormValue("action")), Request: filtered.Request[failures.Filter]{
		Filter: &f, All: f.Empty(), DryRun: dry, Rate: max(frame.Count(r.FormValue("rate")), 0),
	}}
}

// confirm counts and asks.
func (p *Pages) confirm(r *http.Request) (frame.Answer, error) {
	by, ask := auth.From(r.Context()), requestOf(r, true)
	page := confirmPage{Action: ask.Action, Chips: chipsOf(*ask.Filter), Apply: frame.Path + "/failed/apply?" + queryOf(*ask.Filter).Encode(), Back: failedPath(*ask.Filter)}
	var err error
	if page.Verb, err = verbOf(ask.Action); err != nil {
		return frame.Answer{}, err
	}
	found, err := frame.Ask(r.Context(), func(ctx context.Context) (failures.Summary, error) {
		return p.Failures.Summary(ctx, by, *ask.Filter)
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("look at failures: %w", err)
	}
	if page.Matched = int64(found.Count); found.More {
		// A count of all may take longer than a look, of a database that answers.
		counted, err := p.Failures.Apply(r.Context(), by, ask)
		if err != nil {
			return frame.Answer{}, fmt.Errorf("count failures: %w", err)
		}
		page.Matched = counted.Matched
	}
	page.Typed = page.Matched >= typedFrom
	return frame.Answer{Page: frame.Page{Title: page.Verb + " all of these", Nav: "failed", Name: "confirm", Data: page}}, nil
}

// apply does what was confirmed.
func (p *Pages) apply(r *http.Request) (frame.Answer, error) {
	by, ask := auth.From(r.Context()), requestOf(r, false)
	matched := frame.Count(r.FormValue("matched"))
	if matched >= typedFrom && frame.Count(r.FormValue("typed")) != matched {
		return frame.Answer{}, fault.InvalidField("typed", "must be the number of items, "+frame.Number(matched))
	}
	done, err := p.Failures.Apply(r.Context(), by, ask)
	if err != nil {
		return frame.Answer{}, fmt.Errorf("%s failures: %w", ask.Action, err)
	}
	if done.Job != nil {
		return frame.Answer{SeeOther: "/jobs/failures/" + strconv.FormatInt(done.Job.ID, 10)}, nil
	}
	return frame.Answer{SeeOther: "/failed", Note: doneWords(ask.Action, done)}, nil
}

// selected does something about the items that were picked.
func (p *Pages) selected(r *http.Request) (frame.Answer, error) {
	if err := r.ParseForm(); err != nil {
		return frame.Answer{}, fault.InvalidField("id", "could not be read")
	}
	ask := failures.Request{Action: failures.Action(r.PostForm.Get("action")), ByIDs: true}
	for _, text := range r.PostForm["id"] {
		if id, ok := failures.ParseID(text); ok {
			ask.IDs = append(ask.IDs, id)
		}
	}
	if len(ask.IDs) == 0 {
		return frame.Answer{}, fault.InvalidField("id", "must be picked: at least one item")
	}
	done, err := p.Failures.Apply(r.Context(), auth.From(r.Context()), ask)
	if err != nil {
		return frame.Answer{}, fmt.Errorf("%s failures: %w", ask.Action, err)
	}
	return frame.Answer{SeeOther: "/failed", Note: doneWords(ask.Action, done)}, nil
}

func doneWords(a failures.Action, done failures.Result) string {
	what := "tried again"
	if a == failures.Discard {
		what = "discarded"
	}
	is := "are"
	if done.Done == 1 {
		is = "is"
	}
	text := fmt.Sprintf("%s %s %s.", frame.Plural(int(done.Done), "item"), is, what)
	if n := len(done.Skipped); n > 0 {
		text += fmt.Sprintf(" %s left alone: %s", frame.Plural(n, "item"), done.Skipped[0].Reason)
	}
	return text
}

// jobPage is what the page of a job shows.
type jobPage struct {
	failures.Job

	Verb  string
	Bar   bar
	Chips []chip
}

func (p *Pages) job(r *http.Request) (frame.Answer, error) {
	id, err := frame.PathID(r, "id")
	if err != nil {
		return frame.Answer{}, err
	}
	by := auth.From(r.Context())
	j, err := frame.Ask(r.Context(), func(ctx context.Context) (failures.Job, error) { return p.Failures.Job(ctx, by, id) })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read job %d: %w", id, err)
	}
	page := jobPage{Job: j, Chips: chipsOf(j.Filter)}
	page.Verb, _ = verbOf(failures.Action(j.Kind))
	class := map[string]string{"running": "work", "done": "ready"}[string(j.State)]
	page.Bar = bar{Label: "Progress", Parts: shares(int(max(j.Total, 1)), part{Class: class, Images: int(j.Done)})}
	if j.State == "done" {
		page.Bar.Parts[0].Share = barWidth
	}
	return frame.Answer{Page: frame.Page{Title: fmt.Sprintf("%s, job %d", page.Verb, id), Nav: "jobs", Name: "job", Data: page, Live: j.State == "running", Again: 0}}, nil
}

func (p *Pages) abort(r *http.Request) (frame.Answer, error) {
	id, err := frame.PathID(r, "id")
	if err != nil {
		return frame.Answer{}, err
	}
	if _, err := p.Failures.Abort(r.Context(), auth.From(r.Context()), id); err != nil {
		return frame.Answer{}, fmt.Errorf("abort job %d: %w", id, err)
	}
	return frame.Answer{SeeOther: "/jobs/failures/" + strconv.FormatInt(id, 10), Note: "The job is aborted: what it has done stays done."}, nil
}
