package admin

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/console/frame"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/refresh"
)

// jobsPage is what the page of imports and jobs shows.
type jobsPage struct {
	Imports list[anImport]
	Jobs    []failures.Job
	Refresh []refresh.Job
	Begins  bool  // an import may be begun
	User    int64 // whose it is, unless another is typed
}

// anImport is an import as the pages show it.
type anImport struct {
	imports.Import

	Class        string
	Rows, Images int // of their whole, in thousandths
	Left         time.Duration
}

// thousand is the whole of a bar.
const thousand = 1000

func importOf(i imports.Import) anImport {
	shown := anImport{Import: i}
	switch i.State() {
	case imports.Completed:
		shown.Class = "ready"
	case imports.CompletedWithErrors, imports.Failed:
		shown.Class = "failed"
	case imports.Paused:
		shown.Class = "waiting"
	case imports.Aborted:
	default:
		shown.Class = "work"
	}
	if i.Total > 0 {
		shown.Rows = int(min(i.Read*thousand/i.Total, thousand))
	}
	if i.Over() {
		shown.Rows = thousand
	}
	if all := i.ImagesWaiting + i.ImagesReady + i.ImagesFailed; all > 0 {
		shown.Images = int(i.ImagesReady * thousand / all)
	}
	shown.Left, _ = i.TimeLeft()
	return shown
}

func (p *Pages) jobs(r *http.Request) (frame.Answer, error) {
	by := auth.From(r.Context())
	page := jobsPage{Begins: by.May(auth.Admin), User: max(by.Actor(), 1)}
	var err error
	page.Imports, err = read(r, func(ctx context.Context, before int64) ([]anImport, bool, error) {
		found, more, err := p.Imports.List(ctx, by, 0, before, shownOf)
		shown := make([]anImport, len(found))
		for i, one := range found {
			shown[i] = importOf(one)
		}
		return shown, more, err
	}, func(i anImport) int64 { return i.ID })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list imports: %w", err)
	}
	const jobsShown = 20
	page.Jobs, err = frame.Ask(r.Context(), func(ctx context.Context) ([]failures.Job, error) {
		list, _, err := p.Failures.Jobs(ctx, 0, jobsShown)
		return list, err
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list jobs: %w", err)
	}
	page.Refresh, err = frame.Ask(r.Context(), func(ctx context.Context) ([]refresh.Job, error) {
		list, _, err := p.Refresh.Jobs(ctx, 0, jobsShown)
		return list, err
	})
	if err != nil {
		return frame.Answer{}, fmt.Errorf("list refreshes: %w", err)
	}
	return frame.Answer{Page: frame.Page{Title: "Jobs and imports", Nav: "jobs", Name: "jobs", Lead: "What takes longer than a request, and how far it is.", Data: page, Live: true, Often: true}}, nil
}

// importPage is what the page of an import shows.
type importPage struct {
	anImport

	Results  list[imports.Result]
	Controls bool
}

func (p *Pages) anImport(r *http.Request) (frame.Answer, error) {
	by := auth.From(r.Context())
	id, err := frame.PathID(r, "id")
	if err != nil {
		return frame.Answer{}, err
	}
	found, err := frame.Ask(r.Context(), func(ctx context.Context) (imports.Import, error) { return p.Imports.Get(ctx, by, id) })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read import %d: %w", id, err)
	}
	page := importPage{anImport: importOf(found), Controls: by.May(auth.Admin) && !found.Over()}
	page.Results, err = read(r, func(ctx context.Context, after int64) ([]imports.Result, bool, error) {
		list, err := p.Imports.Results(ctx, by, id, after, shownOf)
		return list, len(list) == shownOf, err
	}, func(r imports.Result) int64 { return r.Line })
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read results of import %d: %w", id, err)
	}
	return frame.Answer{Page: frame.Page{Title: fmt.Sprintf("Import %d", id), Nav: "jobs", Name: "import", Data: page, Live: !found.Over(), Often: true}}, nil
}

// control pauses, resumes or cancels an import.
func (p *Pages) control(r *http.Request) (frame.Answer, error) {
	id, err := frame.PathID(r, "id")
	if err != nil {
		return frame.Answer{}, err
	}
	by := auth.From(r.Context())
	found, err := p.Imports.Get(r.Context(), by, id)
	if err != nil {
		return frame.Answer{}, fmt.Errorf("read import %d: %w", id, err)
	}
	by = frame.ActingFor(by, found.UserID)
	note := ""
	switch r.PathValue("action") {
	case "pause":
		_, err = p.Imports.Pause(r.Context(), by, id)
		note = "The import is paused. Images that were let in go on."
	case "resume":
		_, err = p.Imports.Resume(r.Context(), by, id)
		note = "The import goes on."
	case "cancel":
		_, err = p.Imports.Cancel(r.Context(), by, id, false)
		note = "The import is cancelled: rows that were written stay."
	default:
		err = fault.New(fault.NotFound, "there is no such action")
	}
	if err != nil {
		return frame.Answer{}, fmt.Errorf("import %d: %w", id, err)
	}
	return frame.Answer{SeeOther: fmt.Sprintf("/jobs/imports/%d", id), Note: note}, nil
}
