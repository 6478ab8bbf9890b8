package fair_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// importingFile has one user import a file of products with a picture each, at five hosts, and
// returns when rows are written.
func (w *world) importingFile() {
	w.importFile()
	w.importIs("its rows to be written", func(i wire.Import) bool { return i.Rows.Created > 0 })
}

// importingImages is importingFile, and returns when all rows are done with.
func (w *world) importingImages() {
	w.importFile()
	w.importIs("its rows to be done with", func(i wire.Import) bool { return i.State == "images" })
}

func (w *world) importFile() {
	w.t.Helper()
	products := number(w.t, "FAIR_IMPORT")
	var file bytes.Buffer
	lines := json.NewEncoder(&file)
	for n := range products {
		err := lines.Encode(map[string]any{
			"external_id": fmt.Sprintf("SKU-%d", n), "product_name": fmt.Sprintf("One of a file: %d", n), "product_price": "1.00",
			"product_description": "A row of an import", "product_images": []string{w.url(quickHosts, 10_000+n%5, fmt.Sprintf("file-%d", n))},
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	began := time.Now()
	i, err := w.Import(w.t.Context(), w.user(), file.Bytes())
	if err != nil {
		w.t.Fatal(err)
	}
	w.load.Store(i.ID)
	w.t.Logf("a file of %d rows and %d bytes was taken within %.1f s", products, file.Len(), time.Since(began).Seconds())
}

func (w *world) importIs(what string, ok func(wire.Import) bool) {
	w.t.Helper()
	systemtest.Within(w.t, systemtest.Patience+time.Duration(number(w.t, "FAIR_IMPORT"))*10*time.Millisecond, what,
		func() bool { return ok(w.importNow()) })
}

func (w *world) importNow() wire.Import {
	w.t.Helper()
	i, err := w.ImportNow(w.t.Context(), w.load.Load())
	if err != nil {
		w.t.Fatal(err)
	}
	return i
}

// fileGoesOn wants the import to be there still, and logs how far it is.
func (w *world) fileGoesOn(when string) {
	w.t.Helper()
	i := w.importNow()
	w.t.Logf("%s: the import is %s: rows %d, images %d waiting, %d ready, %d failed", when, i.State, i.Rows.Read, i.Images.Waiting, i.Images.Ready, i.Images.Failed)
	if (i.State != "writing" && i.State != "images") || i.Rows.Failed > 0 || i.Images.Failed > 0 {
		w.t.Errorf("%s the others were measured the import was %s, with %d rows and %d images failed", when, i.State, i.Rows.Failed, i.Images.Failed)
	}
}
