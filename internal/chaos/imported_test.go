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
	type product struct {
		external      string
		ready, failed int64
	}
	has := map[int64]product{}
	sys.query(func(ctx context.Context, db *pgx.Conn) error {
		rows, err := db.Query(ctx, `SELECT id, coalesce(external_id, ''), images_ready, images_failed FROM products WHERE user_id = $1`, user) //nolint:rowserrcheck // ForEachRow does
		if err != nil {
			return err
		}
		var id int64
		var is product
		_, err = pgx.ForEachRow(rows, []any{&id, &is.external, &is.ready, &is.failed}, func() error {
			has[id] = is
			return nil
		})
		return err
	})
	for id, is := range has {
		want := p.byID[id]
		if want == nil || want.external != is.external {
			o.wrong(checkRows, "product %d (%q) of user %d is of no row, or of another one: %+v", id, is.external, user, want)
		} else if want.images != nil && *want.images != (wire.ImportImages{Ready: is.ready, Failed: is.failed}) {
			o.wrong(checkRows, "the images of product %d are %+v by the result of its row, and %d ready, %d failed", id, *want.images, is.ready, is.failed)
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
