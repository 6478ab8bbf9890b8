package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/blob/disk"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/spool"
	"vitrine.dev/internal/upload"
)

// maxUpload is how long pictures may be in these tests.
const maxUpload = 100_000

// newUploads takes pictures into a folder of the test's own.
func newUploads(t *testing.T, store upload.Store) *upload.Service {
	t.Helper()
	return upload.NewService(store, newFolder(t), nil, spool.New(t.TempDir(), 1<<20), maxUpload)
}

func newFolder(t *testing.T) *disk.Store {
	t.Helper()
	folder, err := disk.New(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := folder.Close(); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// part is one of a form.
type part struct{ name, filename, content string }

func file(content string) part { return part{"file", "lamp.jpg", content} }

// form returns a body of the parts and its type.
func form(t *testing.T, parts ...part) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		var into io.Writer
		var err error
		if p.filename == "" {
			into, err = w.CreateFormField(p.name)
		} else {
			into, err = w.CreateFormFile(p.name, p.filename)
		}
		if err == nil {
			_, err = io.WriteString(into, p.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func (s *setup) sendForm(path string, parts ...part) *httptest.ResponseRecorder {
	s.t.Helper()
	body, contentType := form(s.t, parts...)
	return s.do(http.MethodPost, path, body, "Content-Type", contentType)
}

type uploadedImage struct {
	ID        int64  `json:"id"`
	SourceURL string `json:"source_url"`
	Alt       string `json:"alt"`
	Position  int    `json:"position"`
	Status    string `json:"status"`
}

func uploaded(t *testing.T, w *httptest.ResponseRecorder) (img uploadedImage) {
	t.Helper()
	wantStatus(t, w, http.StatusCreated)
	if err := json.Unmarshal(w.Body.Bytes(), &img); err != nil {
		t.Fatal(err)
	}
	return img
}

// TestUpload: a picture that is sent becomes an image, and is read again by its owner as it came.
func TestUpload(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product := s.create(smartphone)
	picture := strings.Repeat("\x00\xff\r\n--", 12_000)
	w := s.sendForm(product+"/images", part{"alt", "", "A lamp, ä"}, file(picture), part{"position", "", "1"})
	img := uploaded(t, w)
	url := img.SourceURL
	if img.Alt != "A lamp, ä" || img.Position != 1 || img.Status != "pending" || !strings.HasPrefix(url, "vitrine:upload/") ||
		w.Header().Get("Location") != fmt.Sprintf("%s/images/%d", product, img.ID) || w.Header().Get("ETag") == "" {
		t.Errorf("%+v, %v", img, w.Header())
	}
	source := w.Header().Get("Location") + "/source"
	w = s.do(http.MethodGet, source, "")
	wantStatus(t, w, http.StatusOK)
	sum := strings.TrimPrefix(url, "vitrine:upload/")
	if w.Body.String() != picture || w.Header().Get("Content-Type") != blob.SourceType || w.Header().Get("ETag") != `"`+sum+`"` ||
		w.Header().Get("Content-Disposition") != `attachment; filename="`+sum+`"` || w.Header().Get("Cache-Control") != "private, no-cache" {
		t.Errorf("%d bytes, %v", w.Body.Len(), w.Header())
	}
	wantStatus(t, s.do(http.MethodGet, source, "", "If-None-Match", `"`+sum+`"`), http.StatusNotModified)
	if w := s.do(http.MethodGet, source, "", "Range", "bytes=2-5"); w.Code != http.StatusPartialContent || w.Body.String() != picture[2:6] {
		t.Errorf("a part: %d, %q", w.Code, w.Body)
	}
	wantProblem(t, s.do(http.MethodGet, source, "", "Range", "bytes=9999999-"), http.StatusRequestedRangeNotSatisfiable)
	wantProblem(t, s.do(http.MethodGet, source, "", "If-Match", `"x"`), http.StatusPreconditionFailed)
	if w := s.do(http.MethodHead, source, ""); w.Code != http.StatusOK {
		t.Errorf("HEAD: %d", w.Code)
	}
	// The public does not read it, and images that have a URL have no such source.
	wantProblem(t, s.do(http.MethodGet, "/images/sources/"+sum, ""), http.StatusNotFound)
	first := fmt.Sprintf("%s/images/%d", product, img.ID-1)
	if p := wantProblem(t, s.do(http.MethodGet, first+"/source", ""), http.StatusNotFound); !strings.Contains(p.Detail, "source_url") {
		t.Errorf("%+v", p)
	}
	wantProblem(t, s.do(http.MethodGet, product+"/images/4711/source", ""), http.StatusNotFound)

	// It is accepted back, of products of the user only, where any image of the user's is of it.
	shown := s.do(http.MethodGet, product, "")
	wantStatus(t, s.do(http.MethodPatch, product, shown.Body.String(), "Content-Type", "application/merge-patch+json"), http.StatusOK)
	more := s.create(`{"user_id":1,"product_name":"Other","product_price":1,"product_images":["` + url + `"]}`)
	wantStatus(t, s.do(http.MethodPost, more+"/images", `{"source_url":" `+url+` "}`), http.StatusCreated)
	wantStatus(t, s.do(http.MethodPut, "/products/external/SKU", `{"user_id":1,"product_name":"Other","product_price":1,"product_images":["`+url+`"]}`), http.StatusCreated)
	unknown := "vitrine:upload/" + strings.Repeat("0", 64)
	const why = "is of no image of the user: upload the file"
	for _, call := range []struct{ method, path, body, field string }{
		{"POST", "/products", `{"user_id":1,"product_name":"x","product_price":1,"product_images":["https://a.example/1.jpg","` + unknown + `"]}`, "product_images[1]"},
		{"PATCH", product, `{"product_images":["` + url + `","` + unknown + `"]}`, "product_images[1]"},
		{"PUT", "/products/external/SKU", `{"user_id":1,"product_images":["` + unknown + `"]}`, "product_images[0]"},
		{"PUT", "/products/external/SKU2", `{"user_id":1,"product_name":"x","product_price":1,"product_images":["` + unknown + `"]}`, "product_images[0]"},
		{"POST", product + "/images", `{"source_url":"` + unknown + `"}`, "source_url"},
	} {
		p := wantProblem(t, s.do(call.method, call.path, call.body), http.StatusUnprocessableEntity)
		if got := p.errors(); !slices.Equal(got, []string{call.field + " " + why}) {
			t.Errorf("%s %s: %q", call.method, call.path, got)
		}
	}
	p := wantProblem(t, s.do("POST", "/products", `{"user_id":1,"product_name":"x","product_price":1,"product_images":["`+unknown+`"]}`, "Idempotency-Key", "k"), http.StatusUnprocessableEntity)
	if len(p.errors()) != 1 {
		t.Errorf("%+v", p)
	}
	wantStatus(t, s.do("POST", "/products", `{"user_id":1,"product_name":"x","product_price":1,"product_images":["`+url+`"]}`, "Idempotency-Key", "k"), http.StatusCreated)
}

// TestUploadOfAnother: whoever knows the content's hash gets neither the picture nor an image of it.
func TestUploadOfAnother(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	mine, other := m.key(m.owner, auth.ProductsRead, auth.ProductsWrite).Secret, m.key(m.other, auth.ProductsRead, auth.ProductsWrite).Secret
	create := func(key string) string {
		w := m.as(key, http.MethodPost, "/products", `{"product_name":"Lamp","product_price":1}`)
		wantStatus(t, w, http.StatusCreated)
		return w.Header().Get("Location")
	}
	product, foreign := create(mine), create(other)
	body, contentType := form(t, file("picture"))
	img := uploaded(t, m.as(mine, http.MethodPost, product+"/images", body, "Content-Type", contentType))
	add := `{"source_url":"` + img.SourceURL + `"}`
	wantProblem(t, m.as(other, http.MethodPost, foreign+"/images", add), http.StatusUnprocessableEntity)
	wantProblem(t, m.as(other, http.MethodPost, product+"/images", body, "Content-Type", contentType), http.StatusNotFound)
	wantProblem(t, m.as(other, http.MethodGet, fmt.Sprintf("%s/images/%d/source", product, img.ID), ""), http.StatusNotFound)
	uploaded(t, m.as(other, http.MethodPost, foreign+"/images", body, "Content-Type", contentType)) // who has it may
	wantStatus(t, m.as(other, http.MethodPost, foreign+"/images", add), http.StatusCreated)
}

// TestBadForms: what is wrong is named, and nothing is kept.
func TestBadForms(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product := s.create(smartphone)
	path := product + "/images"
	for name, c := range map[string]struct {
		parts []part
		want  []string
	}{
		"nothing":       {nil, []string{"file is required"}},
		"empty":         {[]part{file("")}, []string{"file must not be empty"}},
		"unknown":       {[]part{file("x"), {"colour", "", "red"}}, []string{"colour is not a known field"}},
		"no name":       {[]part{file("x"), {"", "", "red"}}, []string{" is not a known field"}},
		"twice":         {[]part{file("x"), file("y")}, []string{"file must be given once"}},
		"alt":           {[]part{{"alt", "", strings.Repeat("ä", 1001)}, file("x")}, []string{"alt must have at most 1000 characters, has 1001"}},
		"a long alt":    {[]part{{"alt", "", strings.Repeat("ä", 20_000)}, file("x")}, []string{"alt must have at most 16384 bytes"}},
		"position":      {[]part{file("x"), {"position", "", "first"}}, []string{"position must be an integer"}},
		"beyond":        {[]part{file("x"), {"position", "", "3"}}, []string{"position must be an integer from 0 to 2"}},
		"two at a time": {[]part{{"position", "", "first"}, {"alt", "", "a\x00b"}}, []string{"position must be an integer", "file is required"}},
	} {
		p := wantProblem(t, s.sendForm(path, c.parts...), http.StatusUnprocessableEntity)
		if got := p.errors(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	body, contentType := form(t, file("picture"))
	for name, c := range map[string]struct {
		body, contentType string
		status            int
	}{
		"no boundary":     {body, "multipart/form-data", http.StatusBadRequest},
		"cut off":         {body[:len(body)-20], contentType, http.StatusBadRequest},
		"no form":         {"picture", contentType, http.StatusUnprocessableEntity},
		"another type":    {body, "multipart/mixed; boundary=x", http.StatusUnsupportedMediaType},
		"a picture":       {"picture", "image/jpeg", http.StatusUnsupportedMediaType},
		"a long picture":  {mustForm(t, file(strings.Repeat("x", maxUpload+1))), sameBoundary, http.StatusRequestEntityTooLarge},
		"a long header":   {"--b\r\nX: " + strings.Repeat("x", 70_000) + "\r\n\r\n\r\n--b--", "multipart/form-data; boundary=b", http.StatusRequestEntityTooLarge},
		"many small ones": {strings.Repeat("--b\r\nContent-Disposition: form-data; name=alt\r\n\r\n\r\n", 2000) + "--b--", "multipart/form-data; boundary=b", http.StatusRequestEntityTooLarge},
	} {
		w := s.do(http.MethodPost, path, c.body, "Content-Type", c.contentType)
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, c.status, w.Body)
		}
		if accept := w.Header().Get("Accept-Post"); c.status == http.StatusUnsupportedMediaType && accept != "application/json, multipart/form-data" {
			t.Errorf("%s: Accept-Post: %q", name, accept)
		}
	}
	r := s.request(http.MethodPost, path, "", "Content-Type", contentType)
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:len(body)-60]), iotest.ErrReader(os.ErrDeadlineExceeded)))
	wantProblem(t, s.send(r), http.StatusRequestTimeout)
	wantProblem(t, s.do(http.MethodPost, path, body, "Content-Type", contentType, "If-Match", `"7"`), http.StatusPreconditionFailed)
	wantProblem(t, s.do(http.MethodPost, "/products/4711/images", body, "Content-Type", contentType), http.StatusNotFound)
	if got := s.do(http.MethodGet, path, ""); strings.Count(got.Body.String(), `"id":`) != 2 {
		t.Errorf("there are other images: %s", got.Body)
	}
	longest := uploaded(t, s.sendForm(path, file(strings.Repeat("x", maxUpload)), part{"alt", "", ""}, part{"position", "", ""}))
	if longest.Position != 2 {
		t.Errorf("%+v", longest)
	}
}

const sameBoundary = "multipart/form-data; boundary=b"

// mustForm is form with the boundary of sameBoundary.
func mustForm(t *testing.T, parts ...part) string {
	t.Helper()
	body, contentType := form(t, parts...)
	_, boundary, _ := strings.Cut(contentType, "boundary=")
	return strings.ReplaceAll(body, boundary, "b")
}

// full is a storage that takes nothing.
type full struct{ upload.Blobs }

func (full) PutFrom(context.Context, string, string, io.ReadSeeker) error {
	return fault.Wrap(fault.Unavailable, "image storage is not available", errors.New("full"))
}

// TestUploadWithoutStorage: what cannot be kept is not accepted.
func TestUploadWithoutStorage(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	s.deps.Uploads = upload.NewService(s.db, full{}, nil, spool.New(t.TempDir(), 1<<20), maxUpload)
	s.handler = newAPI(t, s.deps)
	product := s.create(smartphone)
	wantProblem(t, s.sendForm(product+"/images", file("picture")), http.StatusServiceUnavailable)
	s.deps.Uploads = upload.NewService(s.db, newFolder(t), nil, spool.New("/nowhere", 10), maxUpload)
	s.handler = newAPI(t, s.deps)
	wantProblem(t, s.sendForm(product+"/images", file("picture")), http.StatusServiceUnavailable)
	if got := s.do(http.MethodGet, product+"/images", ""); strings.Count(got.Body.String(), `"id":`) != 2 {
		t.Errorf("there are other images: %s", got.Body)
	}
}

// timed is a connection that notes until when an answer may be sent.
type timed struct {
	*httptest.ResponseRecorder

	until time.Time
}

func (w *timed) SetReadDeadline(time.Time) error { return nil }

func (w *timed) SetWriteDeadline(at time.Time) error {
	w.until = at
	return nil
}

// TestAnswerToALongUpload: the time for an answer begins when the picture has arrived, however long
// that took, also for an answer that refuses it.
func TestAnswerToALongUpload(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	path := s.create(smartphone) + "/images"
	u := s.begin("picture")
	good, goodType := form(t, file("picture"))
	bad, badType := form(t, part{"alt", "", "A lamp"})
	for name, r := range map[string]*http.Request{
		"form":      s.request(http.MethodPost, path, good, "Content-Type", goodType),
		"refused":   s.request(http.MethodPost, path, bad, "Content-Type", badType),
		"two steps": s.request(http.MethodPut, u.URL, "picture"),
	} {
		w, before := &timed{ResponseRecorder: httptest.NewRecorder()}, time.Now()
		s.handler.ServeHTTP(w, r)
		if w.until.Sub(before) < 30*time.Second {
			t.Errorf("%s: %d is to be sent until %v", name, w.Code, w.until)
		}
	}
}
