package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob/disk"
	"vitrine.dev/internal/bulk/imports"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/spool"
	"vitrine.dev/internal/sqlstore"
)

const typeLines = "application/x-ndjson"

// newImports are those of the database, whose files the setup keeps.
func newImports(t *testing.T, db *sqlstore.Store, s *deadSetup) *imports.Service {
	t.Helper()
	s.files = newFolder(t)
	return imports.NewService(db, s.files, spool.New(t.TempDir(), 1<<20), func() { s.wakes.Add(1) })
}

// runImport does the steps of an import until it has ended, or has nothing to do for now.
func runImport(t *testing.T, db *sqlstore.Store, files *disk.Store) {
	t.Helper()
	worker := imports.NewWorker(db, files, products.DecodeRow, silent{}, slog.New(slog.DiscardHandler))
	j, err := db.LeaseJob(t.Context(), "h", time.Minute)
	for err == nil && j.State == job.Running {
		j, err = worker.Step(t.Context(), job.Batch{JobID: j.ID, Holder: "h", Limit: 200, Lease: time.Minute})
	}
	if err != nil && !errors.Is(err, job.ErrLater) {
		t.Fatal(err)
	}
}

type silent struct{}

func (silent) Announce(context.Context, ...catalog.Changed) {}

// imported is the path of an import of the owner, which has not begun.
func (m *matrix) imported() string {
	m.t.Helper()
	w := m.as(m.key(m.owner, auth.Imports).Secret, http.MethodPost, "/imports", `{"product_name":"Lamp","product_price":1}`)
	wantStatus(m.t, w, http.StatusAccepted)
	return w.Header().Get("Location")
}

func importOf(t *testing.T, w *httptest.ResponseRecorder) (i wire.Import) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &i); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return i
}

// TestImport: a file is taken, its rows are written, and it says so.
func TestImport(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	const text = "\uFEFFexternal_id;product_name;product_price;product_images\r\n" +
		"a;Lamp;12.50;\r\nb;;1;\r\na;\"Lamp\r\n2\";13;\r\n"
	w := s.do("POST", "/imports?user_id=1&image_rate=7", text, "Content-Type", "text/csv; charset=utf-8")
	wantStatus(t, w, http.StatusAccepted)
	wantHeader(t, w, "Location", "/imports/1")
	made := importOf(t, w)
	if made.State != "writing" || made.Bytes != int64(len(text)) || len(made.SHA256) != 64 || made.ImageRate != 7 || s.wakes.Load() != 1 {
		t.Errorf("made %s, %d wakes", w.Body, s.wakes.Load())
	}
	wantProblem(t, s.do("POST", "/imports/1/cancel?images=yes", ""), http.StatusUnprocessableEntity)
	for _, step := range [][2]string{{"pause", "paused"}, {"resume", "writing"}} {
		w = s.do("POST", "/imports/1/"+step[0], "")
		if wantStatus(t, w, http.StatusOK); importOf(t, w).State != step[1] {
			t.Errorf("%s: %s", step[0], w.Body)
		}
	}
	runImport(t, s.db, s.files)
	got := importOf(t, s.do("GET", "/imports/1", ""))
	if want := (wire.ImportRows{Read: 3, Created: 1, Failed: 1, Superseded: 1}); got.State != "completed_with_errors" || got.Rows != want || got.FinishedAt == nil {
		t.Errorf("it is %+v", got)
	}
	w = s.do("GET", "/imports/1/results", "")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Content-Type", typeLines)
	lines := strings.Split(w.Body.String(), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], `{"line":2,"external_id":"a","product_id":1,"outcome":"superseded"`) ||
		!strings.HasPrefix(lines[1], `{"line":3,"external_id":"b","outcome":"failed","errors":[{"field":"product_name","reason":`) ||
		!strings.HasPrefix(lines[2], `{"line":4,"external_id":"a","product_id":1,"outcome":"created","images":`) {
		t.Errorf("results are %s", w.Body)
	}
	for _, action := range []string{"pause", "resume", "cancel"} {
		wantProblem(t, s.do("POST", "/imports/1/"+action, ""), http.StatusConflict)
		wantProblem(t, s.do("POST", "/imports/77/"+action, ""), http.StatusNotFound)
	}
	wantProblem(t, s.do("GET", "/imports/77/results", ""), http.StatusNotFound)
	wantProblem(t, s.do("GET", "/imports/77", ""), http.StatusNotFound)
	wantProblem(t, s.do("GET", "/dead-letters/jobs/1", ""), http.StatusNotFound)
	wantStatus(t, s.do("POST", "/imports?user_id=1", "{}", "Content-Type", typeLines), http.StatusAccepted)
	w = s.do("GET", "/imports?limit=1", "")
	if wantStatus(t, w, http.StatusOK); !strings.Contains(w.Body.String(), `"id":2`) || strings.Contains(w.Body.String(), `"id":1,`) || w.Header().Get("Link") == "" {
		t.Errorf("the first page is %s", w.Body)
	}
	if w = s.do("POST", "/imports/2/cancel?images=true", ""); importOf(t, w).State != "cancelling" {
		t.Errorf("cancelled: %s", w.Body)
	}
}

// TestImportNamesFaults: the result of a row that is at fault by itself has its external id, where that is one,
// and the row between two of one external id changes nothing of what those do.
func TestImportNamesFaults(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	lines := []string{
		`{"external_id":"a","product_name":"Lamp","product_price":1}`, `{"external_id":"a","product_price":"free"}`,
		`{"external_id":"a","product_name":"Lamp 2","product_price":2}`, `{"external_id":"` + strings.Repeat("x", 3000) + `","product_price":"free"}`,
		`{"external_id":{},"product_name":"Lamp","product_price":1}`,
	}
	wantStatus(t, s.do("POST", "/imports?user_id=1", strings.Join(lines, "\n"), "Content-Type", typeLines), http.StatusAccepted)
	runImport(t, s.db, s.files)
	w := s.do("GET", "/imports/1/results", "")
	wantStatus(t, w, http.StatusOK)
	results := strings.Split(w.Body.String(), "\n")
	for i, want := range []string{
		`{"line":1,"external_id":"a","product_id":1,"outcome":"superseded"`, `{"line":2,"external_id":"a","outcome":"failed","errors":[{"field":"product_price",`,
		`{"line":3,"external_id":"a","product_id":1,"outcome":"created"`, `{"line":4,"outcome":"failed",`, `{"line":5,"outcome":"failed",`,
	} {
		if len(results) != len(lines)+1 || !strings.HasPrefix(results[i], want) {
			t.Errorf("results are %s, want %s", w.Body, want)
		}
	}
}

// TestImportRefuses: what is wrong with a file or an order is told before there is an import.
func TestImportRefuses(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	const path, csv = "/imports?user_id=1", "text/csv"
	for _, c := range []struct{ path, contentType, body, want string }{
		{path, csv, "name,product_price\n", "file has the unknown column"},
		{path, csv, "", "file is empty"},
		{path, typeLines, "", "file is empty"},
		{path, csv, "\xFF\xFEa\x00", "file is in UTF-16"},
		{"/imports", typeLines, "{}", "user_id is required"},
		{"/imports?user_id=4711", typeLines, "{}", "user_id is not a known user"},
		{path + "&mode=replace", typeLines, "{}", "mode must be upsert or create"},
		{path + "&error_policy=x", typeLines, "{}", "error_policy must be all or rows"},
		{path + "&image_rate=0", typeLines, "{}", "image_rate must be an integer from 1 to 100000"},
		{path + "&dry_run=1", typeLines, "{}", "dry_run must be true or false"},
	} {
		p := wantProblem(t, s.do("POST", c.path, c.body, "Content-Type", c.contentType), http.StatusUnprocessableEntity)
		if list := p.errors(); len(list) != 1 || !strings.HasPrefix(list[0], c.want) {
			t.Errorf("%s with %.20q: %q", c.path, c.body, list)
		}
	}
	wantProblem(t, s.do("POST", path, "{}", "Content-Type", "application/json"), http.StatusUnsupportedMediaType)
	slow := httptest.NewRequestWithContext(t.Context(), "POST", path, io.MultiReader(strings.NewReader("{}\n"), iotest.ErrReader(os.ErrDeadlineExceeded)))
	slow.Header.Set("Content-Type", typeLines)
	wantProblem(t, s.send(slow), http.StatusRequestTimeout)
	large := s.request("POST", path, "{}", "Content-Type", typeLines)
	large.ContentLength = imports.MaxBytes + 1
	wantProblem(t, s.send(large), http.StatusRequestEntityTooLarge)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	wantProblem(t, s.send(s.request("POST", path, "{}", "Content-Type", typeLines).WithContext(ended)), http.StatusServiceUnavailable)
	if w := s.do("GET", "/imports", ""); w.Body.String() != `{"data":[]}`+"\n" {
		t.Errorf("there are imports: %s", w.Body)
	}
}

// TestExportIsImported: what was exported of one user and imported for another is exported of it
// again as it was.
func TestExportIsImported(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *sqlstore.Store{
		"sqlite":   func(t *testing.T) *sqlstore.Store { t.Helper(); return openSQLite(t) },
		"postgres": openPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMatrix(t, open(t))
			m.catalogue()
			for format, contentType := range map[string]string{"ndjson": typeLines, "csv": "text/csv"} {
				file := m.productsOf(m.owner, format)
				heir := m.user()
				path := fmt.Sprintf("/imports?error_policy=all&user_id=%d", heir)
				w := m.as(m.key(heir, auth.Imports).Secret, http.MethodPost, path, file, "Content-Type", contentType)
				wantStatus(t, w, http.StatusAccepted)
				runImport(t, m.db, m.files)
				got := m.as(m.key(heir, auth.Imports).Secret, http.MethodGet, w.Header().Get("Location"), "")
				if i := importOf(t, got); i.Rows.Created != 4 || i.Rows.Failed != 0 || i.State != "images" {
					t.Fatalf("%s: %s", format, got.Body)
				}
				if again := m.productsOf(heir, format); again != file {
					t.Errorf("%s: exported\n%s\nafter the import\n%s", format, file, again)
				}
			}
		})
	}
}

// productsOf is an export of the user, without what it says of the log of events.
func (m *matrix) productsOf(user int64, format string) string {
	m.t.Helper()
	w := m.as(m.key(user, auth.ProductsRead).Secret, http.MethodGet, "/exports?format="+format, "")
	wantStatus(m.t, w, http.StatusOK)
	var file strings.Builder
	for line := range strings.Lines(w.Body.String()) {
		if !strings.HasPrefix(line, `{"export":`) {
			file.WriteString(line)
		}
	}
	return file.String()
}

// TestImportOfAnUpload: a file that was sent in two steps, which may be longer than a picture, is
// imported as one that is sent at once.
func TestImportOfAnUpload(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	file := strings.Repeat("a,Lamp,1\n", maxUpload/8)
	file = "external_id,product_name,product_price\n" + file[:len(file)-1]
	announce := fmt.Sprintf(`{"user_id":1,"purpose":"import","bytes":%d,"sha256":"%s"}`, len(file), sumOf(file))
	w := s.do(http.MethodPost, "/uploads", announce)
	wantStatus(t, w, http.StatusCreated)
	var u begunUpload
	if err := json.Unmarshal(w.Body.Bytes(), &u); err != nil || len(file) <= maxUpload {
		t.Fatalf("%v, a file of %d bytes", err, len(file))
	}
	target := "/imports?user_id=1&format=csv&upload=" + u.ID
	for _, refused := range []string{target, "/imports?user_id=1&upload=none", "/imports?user_id=1&format=csv", "/imports?user_id=1&format=xml&upload=" + u.ID} {
		wantProblem(t, s.do(http.MethodPost, refused, ""), http.StatusUnprocessableEntity)
	}
	wantProblem(t, s.do(http.MethodPut, u.URL, file+"x"), http.StatusRequestEntityTooLarge)
	wantProblem(t, s.do(http.MethodPut, u.URL, file[1:]), http.StatusUnprocessableEntity)
	wantStatus(t, s.do(http.MethodPut, u.URL, file), http.StatusNoContent)
	wantStatus(t, s.do(http.MethodPost, "/uploads/"+u.ID+"/complete", ""), http.StatusOK)
	wantProblem(t, s.do(http.MethodPost, target, "a body", "Content-Type", "text/csv"), http.StatusUnprocessableEntity)
	w = s.do(http.MethodPost, target, "")
	wantStatus(t, w, http.StatusAccepted)
	made := importOf(t, w)
	if made.SHA256 != sumOf(file) || made.Bytes != int64(len(file)) {
		t.Errorf("made %s", w.Body)
	}
}

// TestImportOfAnothersUpload: an upload is its owner's to import.
func TestImportOfAnothersUpload(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	id := strings.TrimPrefix(m.sentUpload(), "/uploads/")
	mine, other := m.key(m.owner, auth.Imports).Secret, m.key(m.other, auth.Imports).Secret
	theirs := wantProblem(t, m.as(other, http.MethodPost, "/imports?upload="+id, ""), http.StatusUnprocessableEntity)
	missing := wantProblem(t, m.as(other, http.MethodPost, "/imports?upload=none", ""), http.StatusUnprocessableEntity)
	if theirs.Detail != missing.Detail {
		t.Errorf("another's is %q, one that is not there %q", theirs.Detail, missing.Detail)
	}
	wantStatus(t, m.as(mine, http.MethodPost, "/imports?upload="+id, ""), http.StatusAccepted)
}
