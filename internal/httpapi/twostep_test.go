package httpapi_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/spool"
	"vitrine.dev/internal/upload"
)

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// announced is the body with which an upload of the content begins.
func announced(content string) string {
	return fmt.Sprintf(`{"bytes":%d,"sha256":"%s"}`, len(content), sumOf(content))
}

type begunUpload struct {
	ID        string            `json:"id"`
	UserID    int64             `json:"user_id"`
	Status    string            `json:"status"`
	SourceURL string            `json:"source_url"`
	URL       string            `json:"url"`
	Method    string            `json:"method"`
	Headers   map[string]string `json:"headers"`
	CreatedAt time.Time         `json:"created_at"`
	ExpiresAt time.Time         `json:"expires_at"`
	SendUntil time.Time         `json:"send_until"`
}

func (s *setup) begin(content string) (u begunUpload) {
	s.t.Helper()
	w := s.do(http.MethodPost, "/uploads", `{"user_id":1,`+announced(content)[1:])
	wantStatus(s.t, w, http.StatusCreated)
	if err := json.Unmarshal(w.Body.Bytes(), &u); err != nil {
		s.t.Fatal(err)
	}
	if u.ID == "" || u.Status != "waiting" || u.Method != http.MethodPut || u.SourceURL != "vitrine:upload/"+sumOf(content) || w.Header().Get("Location") != "/uploads/"+u.ID ||
		u.SendUntil.Sub(u.CreatedAt) != upload.SendWithin || u.ExpiresAt.Sub(u.CreatedAt) != upload.Life || w.Header().Get("Cache-Control") != "no-store" {
		s.t.Errorf("an upload begins as %+v", u)
	}
	return u
}

// TestUploadInTwoSteps: a picture is announced, sent, completed and then used.
func TestUploadInTwoSteps(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	u := s.begin("picture")
	use := `{"user_id":1,"product_name":"Lamp","product_price":1,"product_images":["` + u.SourceURL + `"]}`
	wantProblem(t, s.do(http.MethodPost, "/products", use), http.StatusUnprocessableEntity)
	wantProblem(t, s.do(http.MethodPost, "/uploads/"+u.ID+"/complete", ""), http.StatusConflict)

	for sent, field := range map[string]string{"": "bytes", "pict": "bytes", "picture!": "bytes", "PICTURE": "sha256"} {
		p := wantProblem(t, s.do(u.Method, u.URL, sent), http.StatusUnprocessableEntity)
		if len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%q was sent: %+v", sent, p)
		}
	}
	wantProblem(t, s.do(http.MethodPost, "/products", use), http.StatusUnprocessableEntity)
	for range 2 { // a client that got no answer sends it again
		wantStatus(t, s.do(u.Method, u.URL, "picture", "Content-Type", u.Headers["Content-Type"]), http.StatusNoContent)
		w := s.do(http.MethodPost, "/uploads/"+u.ID+"/complete", "")
		wantStatus(t, w, http.StatusOK)
		if !strings.Contains(w.Body.String(), `"status":"complete"`) {
			t.Errorf("complete: %s", w.Body)
		}
	}
	if w := s.do(http.MethodGet, "/uploads/"+u.ID, ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"status":"complete"`) {
		t.Errorf("read: %d %s", w.Code, w.Body)
	}
	product := s.create(use)
	source := s.do(http.MethodGet, product+"/images/1/source", "")
	if source.Code != http.StatusOK || source.Body.String() != "picture" {
		t.Errorf("its source: %d %s", source.Code, source.Body)
	}
}

// TestURLsOfUploads: only what was answered is a URL to send to.
func TestURLsOfUploads(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	u, other := s.begin("picture"), s.begin("another")
	path, token, _ := strings.Cut(u.URL, "?token=")
	_, foreign, _ := strings.Cut(other.URL, "?token=")
	for _, url := range []string{path, path + "?token=", path + "?token=x", path + "?token=" + foreign, path + "?token=" + token[:len(token)-1]} {
		wantProblem(t, s.do(http.MethodPut, url, "picture"), http.StatusUnprocessableEntity)
	}
	wantProblem(t, s.do(http.MethodPut, u.URL+"&x=1", "picture"), http.StatusUnprocessableEntity)
	r := s.request(http.MethodPut, u.URL, "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("pict"), iotest.ErrReader(os.ErrDeadlineExceeded)))
	wantProblem(t, s.send(r), http.StatusRequestTimeout)
	wantProblem(t, s.do(http.MethodPut, u.URL, strings.Repeat("x", maxUpload+1)), http.StatusRequestEntityTooLarge)
	if _, err := s.db.Writer.ExecContext(t.Context(), `UPDATE uploads SET expires_at = 1 WHERE id = $1`, u.ID); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, s.do(http.MethodPut, u.URL, "picture"), http.StatusNotFound)
	wantProblem(t, s.do(http.MethodGet, "/uploads/"+u.ID, ""), http.StatusNotFound)
	wantProblem(t, s.do(http.MethodPost, "/uploads/"+u.ID+"/complete", ""), http.StatusNotFound)
	logs := s.logs.String()
	if strings.Contains(logs, token) {
		t.Errorf("the token was logged: %s", logs)
	}
}

func TestBadUploads(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	sum := sumOf("picture")
	for body, want := range map[string][]string{
		`{}`: {"bytes is required", "sha256 is required", "user_id is required"},
		`{"user_id":1,"bytes":0,"sha256":"` + sum + `"}`:                             {fmt.Sprintf("bytes must be an integer from 1 to %d", maxUpload)},
		`{"user_id":1,"bytes":100001,"sha256":"` + sum + `"}`:                        {fmt.Sprintf("bytes must be an integer from 1 to %d", maxUpload)},
		`{"user_id":1,"bytes":"7","sha256":"` + sum + `"}`:                           {"bytes must be an integer, not a string"},
		`{"user_id":1,"bytes":7,"sha256":"` + sum[:62] + `"}`:                        {"sha256 must be the SHA-256 of what is sent in 64 hex digits"},
		`{"user_id":1,"bytes":7,"sha256":"` + sum + `00"}`:                           {"sha256 must be the SHA-256 of what is sent in 64 hex digits"},
		`{"user_id":1,"bytes":7,"sha256":"` + sum[:62] + `zz"}`:                      {"sha256 must be the SHA-256 of what is sent in 64 hex digits"},
		`{"user_id":1,"bytes":7,"purpose":"fun","sha256":"` + sum + `"}`:             {"purpose must be image or import"},
		`{"user_id":1,"bytes":7,"purpose":null,"sha256":"` + sum + `"}`:              {"purpose must not be null"},
		`{"user_id":1,"bytes":1073741825,"purpose":"import","sha256":"` + sum + `"}`: {"bytes must be an integer from 1 to 1073741824"},
		`{"user_id":4711,"bytes":7,"sha256":"` + sum + `"}`:                          {"user_id is not a known user"},
		`{"user_id":1,"bytes":7,"sha256":"` + sum + `","status":""}`:                 {"status is set by the server"},
	} {
		p := wantProblem(t, s.do(http.MethodPost, "/uploads", body), http.StatusUnprocessableEntity)
		if got := p.errors(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	wantStatus(t, s.do(http.MethodPost, "/uploads", `{"user_id":1,"bytes":7,"sha256":"`+strings.ToUpper(sum)+`"}`), http.StatusCreated)
	for range upload.MaxWaiting - 1 {
		if _, err := s.db.AddUpload(t.Context(), upload.Upload{ID: rand.Text(), UserID: 1, Bytes: 1}, time.Hour, upload.MaxWaiting); err != nil {
			t.Fatal(err)
		}
	}
	wantProblem(t, s.do(http.MethodPost, "/uploads", `{"user_id":1,`+announced("picture")[1:]), http.StatusConflict)
	wantProblem(t, s.do(http.MethodGet, "/uploads/none", ""), http.StatusNotFound)
}

// bucket is a storage that takes pictures from clients.
type bucket struct {
	upload.Blobs

	failure error
}

func (b bucket) PresignPut(_ context.Context, key string, _ int64, _ [32]byte, _ time.Duration) (string, map[string]string, error) {
	return "https://bucket.example/" + key + "?signature", map[string]string{"X-Amz-Checksum-Sha256": "x"}, b.failure
}

// TestUploadToTheStorage: what was sent past the API is looked at before it is used.
func TestUploadToTheStorage(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	folder := newFolder(t)
	s.deps.Uploads = upload.NewService(s.db, folder, bucket{}, spool.New(t.TempDir(), 1<<20), maxUpload)
	s.handler = newAPI(t, s.deps)
	u := s.begin("picture")
	if u.URL != "https://bucket.example/uploads/"+u.ID+"?signature" || u.Headers["X-Amz-Checksum-Sha256"] != "x" {
		t.Errorf("it is to be sent to %+v", u)
	}
	complete := "/uploads/" + u.ID + "/complete"
	put := func(content string) {
		if err := folder.Put(t.Context(), blob.UploadKey(u.ID), blob.SourceType, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	wantProblem(t, s.do(http.MethodPost, complete, ""), http.StatusConflict)
	put("PICTURE")
	wantProblem(t, s.do(http.MethodPost, complete, ""), http.StatusUnprocessableEntity)
	put(strings.Repeat("x", maxUpload+1))
	wantProblem(t, s.do(http.MethodPost, complete, ""), http.StatusUnprocessableEntity)
	put("picture")
	for range 2 {
		wantStatus(t, s.do(http.MethodPost, complete, ""), http.StatusOK)
	}
	if _, err := folder.Stat(t.Context(), blob.UploadKey(u.ID)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("what was sent is still there: %v", err)
	}
	s.create(`{"user_id":1,"product_name":"Lamp","product_price":1,"product_images":["` + u.SourceURL + `"]}`)
	s.deps.Uploads = upload.NewService(s.db, folder, bucket{failure: fault.New(fault.Unavailable, "no credentials")}, spool.New(t.TempDir(), 1<<20), maxUpload)
	s.handler = newAPI(t, s.deps)
	wantProblem(t, s.do(http.MethodPost, "/uploads", `{"user_id":1,`+announced("picture")[1:]), http.StatusServiceUnavailable)
}

// TestUploadAnnouncedByAnother: whoever announces the hash of another's picture gets nothing of it.
func TestUploadAnnouncedByAnother(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	mine, other := m.key(m.owner, auth.ProductsWrite).Secret, m.key(m.other, auth.ProductsWrite).Secret
	path := m.sentUpload()
	wantStatus(t, m.as(mine, http.MethodPost, path+"/complete", ""), http.StatusOK)
	w := m.as(other, http.MethodPost, "/uploads", announced("picture"))
	wantStatus(t, w, http.StatusCreated)
	wantProblem(t, m.as(other, http.MethodPost, w.Header().Get("Location")+"/complete", ""), http.StatusConflict)
	use := `{"product_name":"Lamp","product_price":1,"product_images":["vitrine:upload/` + sumOf("picture") + `"]}`
	wantProblem(t, m.as(other, http.MethodPost, "/products", use), http.StatusUnprocessableEntity)
	wantStatus(t, m.as(mine, http.MethodPost, "/products", use), http.StatusCreated)
}

// unforeseen is a storage with a defect.
type unforeseen struct{ upload.Blobs }

func (unforeseen) PutFrom(context.Context, string, string, io.ReadSeeker) error { return errTest }

// TestSendWithoutStorage: what cannot be kept is not taken, and can be sent again.
func TestSendWithoutStorage(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	u := s.begin("picture")
	for status, blobs := range map[int]upload.Blobs{http.StatusServiceUnavailable: full{}, http.StatusInternalServerError: unforeseen{}} {
		s.deps.Uploads = upload.NewService(s.db, blobs, nil, spool.New(t.TempDir(), 1<<20), maxUpload)
		s.handler = newAPI(t, s.deps)
		wantProblem(t, s.do(http.MethodPut, u.URL, "picture"), status)
		wantProblem(t, s.do(http.MethodPost, "/uploads/"+u.ID+"/complete", ""), http.StatusConflict)
	}
	s.deps.Uploads = newUploads(t, s.db)
	s.handler = newAPI(t, s.deps)
	wantStatus(t, s.do(http.MethodPut, u.URL, "picture"), http.StatusNoContent)
}
