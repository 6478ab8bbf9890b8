package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vitrine.dev/internal/bulk/export"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore"
)

const exportEpoch = "0e"

// newExports are those of the database.
func newExports(db *sqlstore.Store, log *slog.Logger) *export.Service {
	return &export.Service{Store: db, Log: events.NewHorizon(db, events.DefaultHorizonConfig(), log), Epoch: func() string { return exportEpoch }}
}

// catalogue creates products with all that a product may hold, and gives images a text.
func (m *matrix) catalogue() {
	m.t.Helper()
	key := m.key(m.owner, allButOperator()...).Secret
	for i, body := range []string{
		`{"product_name":"Lamp","product_price":0}`,
		`{"product_name":" \"Café\"; <b>\u2028 ","product_price":9999999999999.99,"external_id":" SKU,\"7\" ","metadata":{"z":"","a":"1\r\n2","ß":"\u0001"},
			"product_description":"one\r\ntwo\rthree\n\n\"four\"\ttab","product_images":["https://a.example/1.jpg?a=1&b=<2>","https://a.example/1.jpg?a=1&b=<2>","https://ä.example/,2.jpg"]}`,
		`{"product_name":"=1+1","product_price":"0.10","product_description":"  "}`,
		`{"product_name":"\\.","product_price":12.5,"external_id":"x","product_images":["https://a.example/3.jpg"]}`,
	} {
		w := m.as(key, http.MethodPost, "/products", body)
		wantStatus(m.t, w, http.StatusCreated)
		if i == 1 {
			m.describe(key, w.Header().Get("Location"), []string{"", "A \"cat\",\r\nasleep"})
		}
	}
}

// describe gives the images of the product their texts.
func (m *matrix) describe(key, path string, alts []string) {
	m.t.Helper()
	var product struct{ Images []struct{ ID int64 } }
	if err := json.Unmarshal(m.as(key, http.MethodGet, path, "").Body.Bytes(), &product); err != nil {
		m.t.Fatal(err)
	}
	for i, alt := range alts {
		if alt == "" {
			continue
		}
		body, err := json.Marshal(map[string]string{"alt": alt})
		if err != nil {
			m.t.Fatal(err)
		}
		wantStatus(m.t, m.as(key, http.MethodPatch, fmt.Sprintf("%s/images/%d", path, product.Images[i].ID), string(body)), http.StatusOK)
	}
}

// take creates the products of a file.
func (m *matrix) take(format rows.Format, file []byte) {
	m.t.Helper()
	key := m.key(m.owner, allButOperator()...).Secret
	head, err := rows.ReadHead(bytes.NewReader(file), format)
	if err != nil {
		m.t.Fatal(err)
	}
	for r := rows.NewReader(bytes.NewReader(file[head.First.Offset:]), head, head.First); ; {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil || len(row.Faults) > 0 {
			m.t.Fatalf("line %d: %v %v", row.Line, row.Faults, err)
		}
		var product map[string]json.RawMessage
		var alts []string
		if err := json.Unmarshal(row.Object, &product); err != nil {
			m.t.Fatal(err)
		}
		if text, given := product[rows.ImageAlts]; given {
			if err := json.Unmarshal(text, &alts); err != nil {
				m.t.Fatal(err)
			}
			delete(product, rows.ImageAlts)
		}
		body, err := json.Marshal(product)
		if err != nil {
			m.t.Fatal(err)
		}
		w := m.as(key, http.MethodPost, "/products", string(body))
		wantStatus(m.t, w, http.StatusCreated)
		m.describe(key, w.Header().Get("Location"), alts)
	}
}

func (m *matrix) export(format rows.Format) []byte {
	m.t.Helper()
	w := m.as(m.key(m.owner, "products:read").Secret, http.MethodGet, "/exports?format="+string(format), "")
	wantStatus(m.t, w, http.StatusOK)
	return w.Body.Bytes()
}

var positions = regexp.MustCompile(`evt_0e_\d+`)

// TestExportComesBack: what was exported, created again in an empty installation, is exported
// as the same file, but for the positions in the log of events.
func TestExportComesBack(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *sqlstore.Store{
		"sqlite":   func(t *testing.T) *sqlstore.Store { t.Helper(); return openSQLite(t) },
		"postgres": openPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := newMatrix(t, open(t))
			from.catalogue()
			for _, format := range []rows.Format{rows.NDJSON, rows.CSV} {
				to := newMatrix(t, open(t))
				file := from.export(format)
				to.take(format, file)
				want := positions.ReplaceAll(file, nil)
				if got := positions.ReplaceAll(to.export(format), nil); !bytes.Equal(got, want) {
					t.Errorf("%s: it is\n%s\nnot\n%s", format, got, want)
				}
				if n := bytes.Count(file, []byte("\n")); format == rows.NDJSON && n != 6 {
					t.Errorf("%d lines: %s", n, file)
				}
			}
		})
	}
}

// TestExportSaysWhereItStands: headers, trailers and the lines of NDJSON say the same.
func TestExportSaysWhereItStands(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	m.catalogue()
	last, err := m.db.Mark(t.Context(), -1)
	if err != nil {
		t.Fatal(err)
	}
	position := fmt.Sprintf("evt_0e_%d", last.To)
	for target, contentType := range map[string]string{
		"/exports": "application/x-ndjson", "/exports?format=csv": "text/csv; charset=utf-8; header=present",
	} {
		key := m.key(m.owner, "products:read").Secret
		w := m.as(key, http.MethodGet, target, "")
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, "Content-Type", contentType)
		wantHeader(t, w, "Cache-Control", "no-store")
		wantHeader(t, w, "Vary", "Accept")
		wantHeader(t, w, "Vitrine-Events-After", position)
		if trailer := w.Result().Trailer; trailer.Get("Vitrine-Events-Until") != position || trailer.Get("Vitrine-Products") != "4" {
			t.Errorf("%s: trailer %v", target, trailer)
		}
		lines := strings.Split(strings.TrimSuffix(w.Body.String(), "\n"), "\n")
		if contentType == "application/x-ndjson" && (lines[0] != `{"export":{"events_after":"`+position+`"}}` ||
			lines[len(lines)-1] != `{"export":{"events_until":"`+position+`","products":4}}`) {
			t.Errorf("begins and ends with\n%s\n%s", lines[0], lines[len(lines)-1])
		}
		head := m.as(key, http.MethodHead, target, "")
		wantStatus(t, head, http.StatusOK)
		wantHeader(t, head, "Vitrine-Events-After", position)
		if head.Body.Len() > 0 {
			t.Errorf("HEAD %s has a body: %s", target, head.Body)
		}
	}
}

func TestFormatOfExport(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	for request, csv := range map[[2]string]bool{
		{"", ""}: false, {"", "*/*"}: false, {"", "text/csv"}: true, {"", "text/csv;q=0.5, application/x-ndjson"}: false,
		{"", "application/x-ndjson;q=0.5, text/csv"}: true, {"", "text/csv;q=0"}: false, {"&format=csv", "application/x-ndjson"}: true, {"&format=ndjson", "text/csv"}: false,
	} {
		w := s.do(http.MethodGet, "/exports?user_id=1"+request[0], "", "Accept", request[1])
		wantStatus(t, w, http.StatusOK)
		if got := strings.HasPrefix(w.Header().Get("Content-Type"), "text/csv;"); got != csv || strings.HasPrefix(w.Body.String(), rows.ExternalID) != csv {
			t.Errorf("%q: %s: %s", request, w.Header().Get("Content-Type"), w.Body)
		}
	}
	for query, want := range map[string]string{
		"": "user_id is required", "?user_id=0": "user_id must be an integer from 1 to 9007199254740991", "?user_id=1&format=xlsx": "format must be ndjson or csv",
		"?user_id=1&ids=1": "ids must be true or false", "?user_id=1&ids=true&format=csv": "ids needs the format ndjson",
	} {
		p := wantProblem(t, s.do(http.MethodGet, "/exports"+query, ""), http.StatusUnprocessableEntity)
		if got := p.errors(); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q", query, got)
		}
	}
}

// TestIDsOfExport: events name products by them.
func TestIDsOfExport(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	m.catalogue()
	for query, want := range map[string]int{"": 0, "?ids=false": 0, "?ids=true": 4} {
		w := m.as(m.key(m.owner, "products:read").Secret, http.MethodGet, "/exports"+query, "")
		wantStatus(t, w, http.StatusOK)
		if n := len(regexp.MustCompile(`(?m)^{"id":[1-4],`).FindAllString(w.Body.String(), -1)); n != want {
			t.Errorf("%s: %d lines with an id: %s", query, n, w.Body)
		}
	}
}

// amid has something happen once a page was read.
type amid struct {
	export.Store

	then func()
	fail error // of what is read afterwards
}

func (a *amid) ExportProducts(ctx context.Context, user, after int64, _, maxBytes int) ([]rows.ProductRow, bool, error) {
	if after > 0 && a.fail != nil {
		return nil, false, a.fail
	}
	list, more, err := a.Store.ExportProducts(ctx, user, after, 1, maxBytes)
	if after == 0 {
		a.then()
	}
	return list, more, err
}

// TestExportAndEventsConverge: what changes while a file is written is in it, or follows in
// the log.
func TestExportAndEventsConverge(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	m.catalogue()
	key := m.key(m.owner, allButOperator()...).Secret
	var first, late string
	store := &amid{Store: m.db, then: func() {
		first = "/products/1"
		wantStatus(t, m.as(key, http.MethodPatch, first, `{"product_name":"Changed behind the file's back"}`), http.StatusOK)
		w := m.as(key, http.MethodPost, "/products", `{"product_name":"Late","product_price":1}`)
		wantStatus(t, w, http.StatusCreated)
		late = w.Header().Get("Location")
	}}
	other := *m
	deps := m.deps
	exports := *deps.Exports
	exports.Store = store
	deps.Exports = &exports
	other.deadSetup = &deadSetup{setup: &setup{t: t, handler: newAPI(t, deps)}, db: m.db}
	w := other.as(key, http.MethodGet, "/exports", "")
	wantStatus(t, w, http.StatusOK)
	after, err := events.ParsePublicID(w.Header().Get("Vitrine-Events-After"))
	if err != nil {
		t.Fatal(err)
	}
	until, err := events.ParsePublicID(w.Result().Trailer.Get("Vitrine-Events-Until"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := m.db.Read(t.Context(), after.Position, until.Position, 100)
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	for _, e := range page.Events {
		changed = append(changed, fmt.Sprintf("/products/%d", e.ProductID))
	}
	if !slices.Equal(changed, []string{first, late}) || strings.Contains(w.Body.String(), "Changed behind") || !strings.Contains(w.Body.String(), `"Late"`) {
		t.Errorf("after %s and until %s follow %v; the file has\n%s", after, until, changed, w.Body)
	}
}

// TestExportBreaksOff: where the database fails amid it, the file has no end.
func TestExportBreaksOff(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	m.catalogue()
	deps := m.deps
	exports := *deps.Exports
	exports.Store = &amid{Store: m.db, then: func() {}, fail: fault.New(fault.Unavailable, "down")}
	deps.Exports = &exports
	m.handler = newAPI(t, deps)
	defer func() {
		if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // what net/http compares
			t.Errorf("it ended with %v", got)
		}
	}()
	m.as(m.key(m.owner, "products:read").Secret, http.MethodGet, "/exports", "")
}
