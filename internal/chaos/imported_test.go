package chaos_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

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
	if r.external == "" || product == nil {
		product = &importedProduct{id: got.ProductID, external: r.external}
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

// The checks of imports, as the report names them.
const (
	checkAccepted = "every import answered 202 is there and has ended, and none is there twice"
	checkRows     = "every row of an import has its result, and was written once, as the last one says"
)

// imports compares all imports with their files, and adds what they made to what is to be verified.
func (o *outcome) imports(sys *system, c *client, know *model, list []*importer) {
	o.importStates, o.importRows = map[string]int{}, map[string]int{}
	there := importsBySum(sys)
	for _, im := range list {
		p := newReplay()
		var found []*file
		for _, f := range im.files {
			ids := there[f.sha256]
			delete(there, f.sha256)
			if f.id != 0 && !slices.Equal(ids, []int64{f.id}) || len(ids) > 1 {
				o.wrong(checkAccepted, "a file of which the answer was %d (0: none) is the imports %v", f.id, ids)
				continue
			}
			if len(ids) == 0 {
				o.importStates["of which no answer came, and which are not there"]++
				continue
			}
			f.id = ids[0]
			found = append(found, f)
		}
		slices.SortFunc(found, func(a, b *file) int { return cmp.Compare(a.id, b.id) })
		for _, f := range found {
			if i, err := readImport(c, f.id); err != nil {
				o.wrong(checkAccepted, "import %d: %v", f.id, err)
			} else {
				p.take(f, i)
			}
		}
		for _, text := range p.wrong {
			o.wrong(checkRows, "%s", text)
		}
		for state, n := range p.states {
			o.importStates[state] += n
		}
		for outcome, n := range p.rows {
			o.importRows[outcome] += n
		}
		o.importedProducts(sys, know, im.user, p)
	}
	for sum, ids := range there {
		o.wrong(checkAccepted, "no one has sent %s, of which there are the imports %v", sum, ids)
	}
}

// importsBySum returns the ids of all imports by the sums of their files.
func importsBySum(sys *system) map[string][]int64 {
	all := map[string][]int64{}
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, `SELECT sha256, job_id FROM imports ORDER BY job_id`) //nolint:rowserrcheck // ForEachRow does
		if err != nil {
			return err
		}
		var sum string
		var id int64
		_, err = pgx.ForEachRow(rows, []any{&sum, &id}, func() error {
			all[sum] = append(all[sum], id)
			return nil
		})
		return err
	})
	return all
}

// readImport reads an import with its results, through any API.
func readImport(c *client, id int64) (i importOutcome, err error) {
	ctx, path := c.sys.t.Context(), "/imports/"+strconv.FormatInt(id, 10)
	a := c.ask(ctx, &event{}, c.anyAPI(), http.MethodGet, path, nil, nil)
	if a.status != http.StatusOK {
		return i, fmt.Errorf("it is answered %d", a.status)
	}
	if err := json.Unmarshal(a.body, &i.now); err != nil {
		return i, err
	}
	if a = c.ask(ctx, &event{}, c.anyAPI(), http.MethodGet, path+"/results", nil, nil); a.status != http.StatusOK {
		return i, fmt.Errorf("its results are answered %d", a.status)
	}
	for lines := bufio.NewScanner(bytes.NewReader(a.body)); lines.Scan(); {
		var r wire.ImportResult
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return i, err
		}
		i.results = append(i.results, r)
	}
	return i, nil
}

// importedProducts compares the products of the user with those that imports have made.
func (o *outcome) importedProducts(sys *system, know *model, user int64, p *replay) {
	has := map[int64]string{}
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, `SELECT id, coalesce(external_id, '') FROM products WHERE user_id = $1`, user) //nolint:rowserrcheck // ForEachRow does
		if err != nil {
			return err
		}
		var id int64
		var external string
		_, err = pgx.ForEachRow(rows, []any{&id, &external}, func() error {
			has[id] = external
			return nil
		})
		return err
	})
	for id, external := range has {
		if want := p.byID[id]; want == nil || want.external != external {
			o.wrong(checkRows, "product %d (%q) of user %d is of no row, or of another one: %+v", id, external, user, want)
		}
	}
	for id, want := range p.byID {
		if _, there := has[id]; !there {
			o.wrong(checkRows, "product %d (%q) of user %d is not there", id, want.external, user)
			continue
		}
		know.add(&item{id: id, user: user, acked: map[int64]state{1: want.state}, unknown: map[string]state{}, cancelled: want.cancelled})
	}
	o.imported += len(p.byID)
}
