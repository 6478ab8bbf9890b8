package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/bulk/archive"
	"vitrine.dev/internal/bulk/rows"
	"vitrine.dev/internal/catalog/imageurl"
	"vitrine.dev/internal/fault"
)

// archiveOfPictures is an archive with a product for each of the pictures, of which those in capitals
// are lost.
func archiveOfPictures(t *testing.T, format rows.Format, pictures ...string) []byte {
	t.Helper()
	contents := make(map[[sha256.Size]byte]string)
	open := func(sum [sha256.Size]byte) (blob.Object, error) {
		content := contents[sum]
		if strings.ToUpper(content) == content {
			return blob.Object{}, fault.New(fault.NotFound, "no such object")
		}
		return blob.Object{Info: blob.Info{Key: blob.SourceKey(sum), Bytes: int64(len(content))}, Body: io.NopCloser(strings.NewReader(content))}, nil
	}
	var file bytes.Buffer
	w := archive.NewWriter(&file, format, open)
	if err := w.Begin("evt_e_1"); err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures {
		sum := sha256.Sum256([]byte(p))
		contents[sum] = p
		if err := w.Write(rows.ProductRow{Name: "Lamp", Price: "1", Images: []string{imageurl.Upload(sum)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End("evt_e_2", int64(len(pictures))); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// uploadServer takes uploads, and then a file, which is complete at once.
type uploadServer struct {
	t    *testing.T
	life string // of uploads; "": a day

	mu       sync.Mutex
	failures map[string]int // how often a kind of request is answered with 503 first
	users    map[string]bool
	begun    map[string]string // SHA-256 by id
	sent     map[string]string // picture by id
	kept     map[string]bool   // pictures that are complete
	file     string
	fileType string
}

func (s *uploadServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Log(err)
		return
	}
	parts := strings.Split(r.URL.Path, "/") // "", base, uploads, id, what
	kind := r.Method + " " + parts[len(parts)-1]
	if s.failures[kind] > 0 {
		s.failures[kind]--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	switch kind {
	case "POST uploads":
		var order struct {
			Bytes  int64
			SHA256 string
			UserID int64 `json:"user_id"`
		}
		if err := json.Unmarshal(body, &order); err != nil {
			s.t.Error(err)
		}
		if order.Bytes > 100 {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		id := fmt.Sprintf("u%d", len(s.begun))
		s.begun[id], s.users[strconv.FormatInt(order.UserID, 10)] = order.SHA256, true
		life := "2026-11-28T00:00:00Z"
		if s.life != "" {
			life = s.life
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":"%s","url":"/uploads/%[1]s/content","method":"PUT","headers":{"X-Sent":"yes"},"created_at":"2026-11-27T00:00:00Z","expires_at":"%s"}`, id, life)
	case "PUT content":
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Sent") != "yes" || r.ContentLength != int64(len(body)) {
			s.t.Errorf("sent with %v", r.Header)
		}
		s.sent[parts[3]] = string(body)
		w.WriteHeader(http.StatusNoContent)
	case "POST complete":
		content := s.sent[parts[3]]
		if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(content))); sum != s.begun[parts[3]] {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		s.kept[content] = true
		_, _ = w.Write([]byte(`{}`))
	case "POST imports":
		s.file, s.fileType = string(body), r.Header.Get("Content-Type")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, `{"id":7,"state":"completed","rows":{"read":2,"created":2},"images":{},"finished_at":"2026-11-27T06:00:00Z"}`)
	default:
		s.t.Errorf("asked for %s", r.URL)
	}
}

// importArchive runs the command with the archive.
func importArchive(ctx context.Context, t *testing.T, s *uploadServer, tar []byte, args ...string) (code int, out string) {
	t.Helper()
	s.t, s.users, s.begun, s.sent, s.kept = t, map[string]bool{}, map[string]string{}, map[string]string{}, map[string]bool{}
	server := httptest.NewServer(s)
	defer server.Close()
	file := filepath.Join(t.TempDir(), "export.TAR")
	if err := os.WriteFile(file, tar, 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	code = Run(ctx, &fake{key: "secret"}, Streams{Out: &said, Err: &said}, append([]string{"import", "--url", server.URL + "/base", file}, args...)...)
	return code, said.String()
}

// TestImportOfAnArchive: the pictures are sent first, again where the server was unavailable, and then
// the products.
func TestImportOfAnArchive(t *testing.T) {
	t.Parallel()
	for format, contentType := range map[rows.Format]string{rows.NDJSON: "application/x-ndjson", rows.CSV: "text/csv"} {
		s := &uploadServer{failures: map[string]int{"POST uploads": 1, "PUT content": 1, "POST complete": 1}}
		code, out := importArchive(t.Context(), t, s, archiveOfPictures(t, format, "one", "two", "LOST"), "--user", "3")
		if code != 0 || len(s.kept) != 2 || !s.kept["one"] || !s.kept["two"] || !s.users["3"] || len(s.users) != 1 || s.fileType != contentType ||
			strings.Count(s.file, "vitrine:upload/") != 3 || !strings.Contains(out, "import 7 completed: 2 rows (2 created)") {
			t.Errorf("%s: ends with %d, kept %v, sent %s:\n%s\n%s", format, code, s.kept, s.fileType, s.file, out)
		}
	}
}

// TestArchiveIsRefused: what is wrong with an archive is said before anything is imported.
func TestArchiveIsRefused(t *testing.T) {
	t.Parallel()
	good := archiveOfPictures(t, rows.NDJSON, "one", "two")
	damaged := bytes.Replace(good, []byte("two\x00"), []byte("tvo\x00"), 1)
	for name, c := range map[string]struct {
		file []byte
		s    *uploadServer
		args []string
		code int
		says string
		kept int
	}{
		"cut off":   {good[:1024], &uploadServer{}, nil, 64, "the archive is not whole", 0},
		"no tar":    {[]byte(`{"product_name":"Lamp"}`), &uploadServer{}, nil, 64, "export.TAR: ", 0},
		"damaged":   {damaged, &uploadServer{}, nil, 64, "sources/" + fmt.Sprintf("%x", sha256.Sum256([]byte("two"))) + ": the server answered 422", 1},
		"too large": {archiveOfPictures(t, rows.NDJSON, strings.Repeat("x", 101)), &uploadServer{}, nil, 64, "the server answered 422", 0},
		"too slow":  {good, &uploadServer{life: "2026-11-27T00:00:00Z"}, nil, 1, "nothing is imported; send them faster", -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out := importArchive(t.Context(), t, c.s, c.file, c.args...)
			if code != c.code || !strings.Contains(out, c.says) || c.kept >= 0 && len(c.s.kept) > c.kept || c.s.file != "" {
				t.Errorf("ends with %d, kept %v, sent %q: %s", code, c.s.kept, c.s.file, out)
			}
		})
	}
	s := &uploadServer{}
	if code, out := importArchive(t.Context(), t, s, good, "--dry-run"); code != 0 || len(s.begun) > 0 || s.file == "" {
		t.Errorf("a dry run ends with %d after %d uploads: %s", code, len(s.begun), out)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if code, out := importArchive(ended, t, &uploadServer{}, good); code != 1 || !strings.Contains(out, "nothing is imported") {
		t.Errorf("stopped it ends with %d: %s", code, out)
	}
	var said bytes.Buffer
	if code := Run(t.Context(), &fake{}, Streams{Out: &said, Err: &said}, "import", "--url", "http://127.0.0.1:1", "--format", "tar", "-"); code != 64 {
		t.Errorf("from the standard input it ends with %d: %s", code, &said)
	}
}

// TestExportWithSources: an archive takes its place once it is whole; what the storage had lost is
// said.
func TestExportWithSources(t *testing.T) {
	t.Parallel()
	whole, lossy := archiveOfPictures(t, rows.NDJSON, "one", "two"), archiveOfPictures(t, rows.NDJSON, "one", "LOST")
	for name, c := range map[string]struct {
		file []byte
		code int
		says string
		kept bool
	}{
		"whole":    {whole, 0, "2 products, 2 pictures, ", true},
		"with gap": {lossy, 1, fmt.Sprintf("the storage did not have 1 more picture (%x)", sha256.Sum256([]byte("LOST"))), true},
		"cut off":  {whole[:2048], 1, "the archive is not whole", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery != "format=csv&sources=true" {
					t.Errorf("asked for %s", r.URL)
				}
				_, _ = w.Write(c.file)
			}))
			defer server.Close()
			file := filepath.Join(t.TempDir(), "export.tar")
			var said bytes.Buffer
			code := Run(t.Context(), &fake{}, Streams{Out: &said, Err: &said}, "export", "--url", server.URL, "--sources", "--format", "csv", "--out", file)
			got, err := os.ReadFile(file)
			if kept := err == nil && bytes.Equal(got, c.file); code != c.code || kept != c.kept || !strings.Contains(said.String(), c.says) {
				t.Errorf("ends with %d, kept %t: %s", code, kept, &said)
			}
		})
	}
	var said bytes.Buffer
	if code := Run(t.Context(), &fake{}, Streams{Out: &said, Err: &said}, "export", "--sources"); code != 64 {
		t.Errorf("without --out it ends with %d: %s", code, &said)
	}
}
