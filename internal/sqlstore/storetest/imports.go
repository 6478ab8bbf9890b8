package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/spool"
)

// shelf is a storage of files in memory.
type shelf map[string][]byte

func (s shelf) Delete(_ context.Context, key string) error {
	delete(s, key)
	return nil
}

func (s shelf) PutFrom(_ context.Context, key, _ string, body io.ReadSeeker) error {
	content, err := io.ReadAll(body)
	s[key] = content
	return err
}

func (s shelf) OpenFrom(_ context.Context, key string, offset int64) (blob.Object, error) {
	content, there := s[key]
	if !there {
		return blob.Object{}, fault.New(fault.NotFound, "no such object")
	}
	return blob.Object{Body: io.NopCloser(bytes.NewReader(content[offset:]))}, nil
}

// decodeRow reads a row of the files of these tests.
func decodeRow(object []byte) (r catalog.Row) {
	var p struct {
		ExternalID string    `json:"external_id"`
		Name       *string   `json:"product_name"`
		Price      *int64    `json:"product_price"`
		Images     *[]string `json:"product_images"`
	}
	if err := json.Unmarshal(object, &p); err != nil {
		r.FieldErrors.Add(rows.FieldRow, "is not of the test")
	}
	r.ExternalID, r.Name, r.Images = p.ExternalID, p.Name, p.Images
	if p.Price != nil {
		price := catalog.Price(*p.Price)
		r.Price = &price
	}
	return r
}

// importing is an import on its way.
type importing struct {
	t       *testing.T
	s       Store
	files   shelf
	service *imports.Service
	id      int64
	done    *imports.Counts // of rows, as an observer is told
}

// importOf begins an import of the lines for the user.
func importOf(t *testing.T, s Store, o imports.Order, lines ...string) importing {
	t.Helper()
	i := importing{t: t, s: s, files: shelf{}, done: &imports.Counts{}}
	i.service = imports.NewService(s, i.files, spool.New(t.TempDir(), 1<<20), func() {})
	if o.Format = rows.NDJSON; o.UserID == 0 {
		o.UserID = user
	}
	if o.Policy == "" {
		o.Policy = bulk.Rows
	}
	if o.Mode == "" {
		o.Mode = catalog.Upsert
	}
	made, err := i.service.Begin(t.Context(), auth.Everyone(), o, strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	i.id = made.ID
	if len(i.files) != 1 || made.SHA256 == "" || made.Key == "" {
		t.Errorf("begun as %+v with the files %v", made, slices.Collect(maps.Keys(i.files)))
	}
	return i
}

// line is a row of a file with pictures at the host of their name.
func line(external, name string, pictures ...string) string {
	for n, p := range pictures {
		pictures[n] = "http://" + p + ".example/1.jpg"
	}
	p := map[string]any{"product_name": name, "product_price": 950, "product_images": append([]string{}, pictures...)}
	if external != "" {
		p["external_id"] = external
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// testImport: each row is written once though every step is of another process, what is at fault
// is told, and the import ends with the last of its images.
func testImport(t *testing.T, s Store) {
	t.Helper()
	writeMany(t, s, order(bulk.Rows, "", row("there", "There")))
	allShown(t, s)
	newEvents(t, s)
	lines := []string{line("there", "Changed", "c"), `{"product_name":`, line("", "", "d"), "", line("", "Same"), line("", "Same")}
	for n := range 250 {
		lines = append(lines, line(fmt.Sprint("x", n), "Many", "m"))
	}
	i := importOf(t, s, imports.Order{}, lines...)
	i.run()
	counts := imports.Counts{Read: 255, Created: 252, Updated: 1, Failed: 2, ImageCounts: imports.ImageCounts{ImagesWaiting: 251}}
	i.want(imports.State(imports.Images), counts)
	i.wantObserved()
	if n := count(t, s); n != 253 {
		t.Errorf("%d products", n)
	}
	results := i.results()
	if r := results[1]; len(results) != 255 || r.Line != 2 || r.Outcome != catalog.Rejected || !r.Errors.Has(rows.FieldRow) {
		t.Errorf("%d results, the second %+v", len(results), r)
	}
	if r := results[2]; r.Line != 3 || !r.Errors.Has("product_name") || r.ProductID != 0 {
		t.Errorf("the third is %+v", r)
	}
	if p := read(t, s, results[254].ProductID); p.ExternalID != "x249" || results[254].Line != 256 || results[254].ImagesWaiting != 1 {
		t.Errorf("the last is %+v of %+v", results[254], p)
	}
	claims := beginAll(t, s)
	for n, c := range claims {
		if n == 0 {
			if _, err := s.Fail(t.Context(), c, fault.Fail(fault.SourceNotFound, "Not there.", nil)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if n == 1 {
			i.run()
			counts.ImageCounts = imports.ImageCounts{ImagesWaiting: 250, ImagesFailed: 1}
			i.want(imports.State(imports.Images), counts)
			newEvents(t, s)
		}
		complete(t, s, c, fmt.Sprintf("k%d", c.ImageID))
	}
	i.run()
	counts.ImageCounts = imports.ImageCounts{ImagesReady: 250, ImagesFailed: 1}
	i.want(imports.CompletedWithErrors, counts)
	all := newEvents(t, s)
	last := all[len(all)-1]
	if last.Type != events.ImportCompleted || last.UserID != user || last.Data.Import != i.id || last.Data.State != string(imports.CompletedWithErrors) {
		t.Errorf("the last event is %+v", last)
	}
	if len(i.files) != 0 {
		t.Error("the file is still there")
	}
}

// testImportSuperseded: the last row of an external id wins, wherever the earlier ones are, and
// has the images that these asked for.
func testImportSuperseded(t *testing.T, s Store) {
	t.Helper()
	for _, mode := range []catalog.Mode{catalog.Upsert, catalog.CreateOnly} {
		id := string(mode)
		i := importOf(t, s, imports.Order{Settings: imports.Settings{Mode: mode}},
			line(id, "One", "a", "b"), line(id, "Two", "b", "c"), line("", "Other"), line(id, "Two", "b", "c"), `{"external_id":"`+id+`","product_name":""}`)
		i.run()
		i.want(imports.State(imports.Images), imports.Counts{
			Read: 5, Created: 2, Superseded: 2, Failed: 1, ImageCounts: imports.ImageCounts{ImagesWaiting: 2},
		})
		i.wantObserved()
		results := i.results()
		if r := results[3]; r.Outcome != catalog.Created || read(t, s, r.ProductID).Name != "Two" || results[0].Outcome != catalog.Superseded {
			t.Errorf("%+v", results)
		}
		allShown(t, s)
		i.run()
		i.want(imports.CompletedWithErrors, imports.Counts{
			Read: 5, Created: 2, Superseded: 2, Failed: 1, ImageCounts: imports.ImageCounts{ImagesReady: 2},
		})
	}
}

// testImportAll: with the policy all one fault has nothing written; without one everything is.
func testImportAll(t *testing.T, s Store) {
	t.Helper()
	all := imports.Order{Settings: imports.Settings{Policy: bulk.All}}
	lines := []string{line("", "A", "a")}
	for range 130 {
		lines = append(lines, line("", "More"))
	}
	i := importOf(t, s, all, append(slices.Clone(lines), line("", ""))...)
	i.run()
	i.want(imports.Failed, imports.Counts{Read: 132, Failed: 1})
	if r := i.results(); count(t, s) != 0 || len(r) != 1 || r[0].Line != 132 {
		t.Errorf("%d products, results %+v", count(t, s), r)
	}
	// What only the database can refuse is an error of the row.
	all.Mode = catalog.CreateOnly
	writeMany(t, s, order(bulk.Rows, "", row("there", "There")))
	allShown(t, s)
	i = importOf(t, s, all, append(lines, line("there", "Again"))...)
	i.run()
	allShown(t, s)
	i.run()
	i.want(imports.CompletedWithErrors, imports.Counts{Read: 132, Created: 131, Failed: 1, ImageCounts: imports.ImageCounts{ImagesReady: 1}})
}

// testImportDryRun: all rows are checked, and nothing is written.
func testImportDryRun(t *testing.T, s Store) {
	t.Helper()
	newEvents(t, s)
	for _, policy := range []bulk.Policy{bulk.All, bulk.Rows} {
		i := importOf(t, s, imports.Order{Settings: imports.Settings{DryRun: true, Policy: policy}}, line("", "A", "a"), line("", ""), line("", "B"))
		i.run()
		i.want(imports.CompletedWithErrors, imports.Counts{Read: 3, Failed: 1})
		if *i.done != (imports.Counts{}) {
			t.Errorf("an observer was told of rows that were not written: %+v", *i.done)
		}
	}
	if all := newEvents(t, s); count(t, s) != 0 || len(all) != 2 || all[0].Type != events.ImportCompleted {
		t.Errorf("%d products, events %+v", count(t, s), all)
	}
}
