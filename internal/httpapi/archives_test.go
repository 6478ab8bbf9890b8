package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/blob/disk"
	"vitrine.dev/internal/bulk/archive"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/spool"
	"vitrine.dev/internal/upload"
)

// keeping has the matrix keep its uploads in a storage that the test knows.
func (m *matrix) keeping(wrap func(*disk.Store) upload.Blobs) *disk.Store {
	m.t.Helper()
	folder := newFolder(m.t)
	m.deps.Uploads = upload.NewService(m.db, wrap(folder), nil, spool.New(m.t.TempDir(), 1<<20), maxUpload)
	m.handler = newAPI(m.t, m.deps)
	return folder
}

func asItIs(s *disk.Store) upload.Blobs { return s }

// sendTo adds a picture to a new product of the user.
func (m *matrix) sendTo(user int64, content string) {
	m.t.Helper()
	key := m.key(user, allButOperator()...).Secret
	w := m.as(key, http.MethodPost, "/products", `{"product_name":"Lamp","product_price":1,"product_images":["https://a.example/1.jpg"]}`)
	wantStatus(m.t, w, http.StatusCreated)
	body, contentType := form(m.t, file(content))
	wantStatus(m.t, m.as(key, http.MethodPost, w.Header().Get("Location")+"/images", body, "Content-Type", contentType), http.StatusCreated)
}

// archived is what is exported of the owner with pictures, and the pictures.
func (m *matrix) archived(query string) (*archive.Archive, map[string]bool) {
	m.t.Helper()
	w := m.as(m.key(m.owner, "products:read").Secret, http.MethodGet, "/exports?sources=true"+query, "")
	wantStatus(m.t, w, http.StatusOK)
	wantHeader(m.t, w, "Content-Type", "application/x-tar")
	a, err := archive.Open(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil {
		m.t.Fatal(err)
	}
	if trailer := w.Result().Trailer; a.After != w.Header().Get("Vitrine-Events-After") || a.Until != trailer.Get("Vitrine-Events-Until") ||
		strconv.FormatInt(a.End.Products, 10) != trailer.Get("Vitrine-Products") {
		m.t.Errorf("the end is %+v, the header %v, the trailer %v", a.End, w.Header(), trailer)
	}
	pictures := make(map[string]bool)
	err = a.EachSource(func(_ [sha256.Size]byte, picture *io.SectionReader) error {
		content, err := io.ReadAll(picture)
		pictures[string(content)] = true
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return a, pictures
}

// TestExportWithSources: an archive has the pictures that the user has sent, each once, and no one
// else's, beside the products as they are without.
func TestExportWithSources(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	files := m.keeping(asItIs)
	m.catalogue()
	for _, content := range []string{"one", "two", "one"} {
		m.sendTo(m.owner, content)
	}
	m.sendTo(m.other, "foreign")
	for query, plain := range map[string]string{"": "/exports", "&format=csv": "/exports?format=csv", "&ids=true": "/exports?ids=true"} {
		a, pictures := m.archived(query)
		if want := map[string]bool{"one": true, "two": true}; !maps.Equal(pictures, want) || a.Sources != 2 || a.Missing != 0 || a.End.Products != 7 {
			t.Errorf("%s: pictures %v, %+v", query, pictures, a.End)
		}
		got, err := io.ReadAll(a.Products())
		if want := m.as(m.key(m.owner, "products:read").Secret, http.MethodGet, plain, "").Body; err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: products\n%s\nwant\n%s", query, got, want)
		}
	}
	head := m.as(m.key(m.owner, "products:read").Secret, http.MethodHead, "/exports?sources=true", "")
	wantStatus(t, head, http.StatusOK)
	wantHeader(t, head, "Content-Type", "application/x-tar")
	p := wantProblem(t, m.as(m.key(m.owner, "products:read").Secret, http.MethodGet, "/exports?sources=yes", ""), http.StatusUnprocessableEntity)
	if got := p.errors(); len(got) != 1 || got[0] != "sources must be true or false" {
		t.Errorf("%q", got)
	}

	// What the storage has lost is said.
	if err := files.Delete(t.Context(), blob.SourceKey(sha256.Sum256([]byte("two")))); err != nil {
		t.Fatal(err)
	}
	if a, pictures := m.archived(""); !pictures["one"] || a.Missing != 1 || len(a.Lost) != 1 || a.Lost[0] != sumOf("two") {
		t.Errorf("pictures %v, %+v, lost %v", pictures, a.End, a.Lost)
	}
}

// brokenBlobs cannot be read.
type brokenBlobs struct{ *disk.Store }

func (brokenBlobs) Open(_ context.Context, key string) (blob.Object, error) {
	if strings.HasSuffix(key, sumOf("two")) {
		return blob.Object{}, fault.New(fault.Unavailable, "down")
	}
	return blob.Object{Info: blob.Info{Key: key, Bytes: 3}, Body: io.NopCloser(strings.NewReader("one"))}, nil
}

// TestExportWithSourcesBreaksOff: where the storage fails amid it the answer has no end, which no one takes
// for a whole one.
func TestExportWithSourcesBreaksOff(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	m.keeping(func(s *disk.Store) upload.Blobs { return brokenBlobs{s} })
	m.sendTo(m.owner, "one")
	m.sendTo(m.owner, "two")
	defer func() {
		if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // what net/http compares
			t.Errorf("it ended with %v", got)
		}
	}()
	m.as(m.key(m.owner, "products:read").Secret, http.MethodGet, "/exports?sources=true", "")
}
