package chaos_test

import (
	"fmt"
	"slices"

	"vitrine.dev/internal/httpapi/wire"
)

// importOutcome is an import as the API says it is.
type importOutcome struct {
	now     wire.Import
	results []wire.ImportResult
}

// importedProduct is one that imports have made, and what is to be known of it.
type importedProduct struct {
	id        int64
	external  string
	state     state
	cancelled bool // images of it may be

	// images are as the result of its only row has them; nil: there were more, or it may not be final.
	images *wire.ImportImages
}

// replay says what imports have to have done, one after the other. It is of one user.
type replay struct {
	byExternal map[string]*importedProduct
	byID       map[int64]*importedProduct
	states     map[string]int // of imports
	rows       map[string]int // by outcome
	wrong      []string
}

func newReplay() *replay {
	return &replay{byExternal: map[string]*importedProduct{}, byID: map[int64]*importedProduct{}, states: map[string]int{}, rows: map[string]int{}}
}

func (p *replay) fail(f *file, format string, args ...any) {
	p.wrong = append(p.wrong, fmt.Sprintf("import %d: ", f.id)+fmt.Sprintf(format, args...))
}

// take compares what became of an import with its file, and does the same.
func (p *replay) take(f *file, i importOutcome) {
	p.states[i.now.State]++
	var done []row // what was written, or found to be at fault
	switch state := i.now.State; {
	case state == "cancelled" && f.cancelled && f.all && f.faulty():
		done = p.onlyFaulty(f, len(i.results))
	case state == "cancelled" && f.cancelled:
		done = f.rows[:min(len(i.results), len(f.rows))]
	case state == "failed" && f.all && f.faulty():
		done = p.onlyFaulty(f, len(f.rows))
	case (state == "completed" || state == "completed_with_errors") && !(f.all && f.faulty()):
		done = f.rows
	default:
		p.fail(f, "is %s (cancelled: %t, all or none: %t, at fault: %t)", state, f.cancelled, f.all, f.faulty())
		return
	}
	if len(done) != len(i.results) {
		p.fail(f, "has %d results for %d rows", len(i.results), len(done))
		return
	}
	before := map[string]bool{}
	for external := range p.byExternal {
		before[external] = true
	}
	for n, r := range done {
		p.row(f, r, i.results[n], done[n+1:], before)
	}
	p.counts(f, i)
}

// onlyFaulty returns the first of its rows that are at fault.
func (p *replay) onlyFaulty(f *file, most int) (list []row) {
	for _, r := range f.rows {
		if r.faulty && len(list) < most {
			list = append(list, r)
		}
	}
	return list
}

// row compares a result with its row, and changes the product as the row does.
func (p *replay) row(f *file, r row, got wire.ImportResult, later []row, before map[string]bool) {
	p.rows[got.Outcome]++
	there := before[r.external]
	want := []string{"created"}
	switch {
	case r.faulty || f.create && there:
		want = []string{"failed"}
	case r.external != "" && slices.ContainsFunc(later, func(l row) bool { return l.external == r.external && !l.faulty }):
		want = []string{"superseded"}
	case there:
		want = []string{"updated"}
	}
	if got.Line != r.line || got.ExternalID != r.external || !slices.Contains(want, got.Outcome) || (got.Outcome == "failed") != (got.ProductID == 0) {
		p.fail(f, "the result of the row at line %d (%q) is %+v, not %v", r.line, r.external, got, want)
		return
	}
	if got.Outcome == "failed" {
		return
	}
	product := p.byExternal[r.external]
	if product != nil {
		product.images = nil
	}
	if r.external == "" || product == nil {
		product = &importedProduct{id: got.ProductID, external: r.external}
		if !f.cancelled {
			product.images = &got.Images
		}
		if p.byID[got.ProductID] != nil {
			p.fail(f, "product %d is of two rows: line %d (%q), and %q", got.ProductID, r.line, r.external, p.byID[got.ProductID].external)
		}
		p.byID[got.ProductID] = product
		if r.external != "" {
			p.byExternal[r.external] = product
		}
	}
	if product.id != got.ProductID {
		p.fail(f, "line %d says that %q is product %d, which is %d", r.line, r.external, got.ProductID, product.id)
	}
	product.state = r.patched(product.state)
	product.cancelled = product.cancelled && r.Images == nil || f.imagesCancelled
}

// counts compares the totals of an import with its results.
func (p *replay) counts(f *file, i importOutcome) {
	var rows wire.ImportRows
	var images wire.ImportImages
	for _, r := range i.results {
		switch r.Outcome {
		case "created":
			rows.Created++
		case "updated":
			rows.Updated++
		case "unchanged":
			rows.Unchanged++
		case "superseded":
			rows.Superseded++
			continue
		case "failed":
			rows.Failed++
		}
		images.Waiting += r.Images.Waiting
		images.Ready += r.Images.Ready
		images.Failed += r.Images.Failed
	}
	rows.Read = int64(len(i.results))
	if i.now.State == "failed" || i.now.State == "cancelled" && f.all { // it may have been cancelled while it was checked
		rows.Read = i.now.Rows.Read
	}
	if rows != i.now.Rows || images != i.now.Images {
		p.fail(f, "says rows %+v and images %+v, its results %+v and %+v", i.now.Rows, i.now.Images, rows, images)
	}
	if images.Waiting > 0 && i.now.State != "cancelled" {
		p.fail(f, "is %s, and %d images wait", i.now.State, images.Waiting)
	}
}
