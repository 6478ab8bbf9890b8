package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// importServer has an import that takes a few looks; how it ends is up to the user that it is of.
type importServer struct {
	t      *testing.T
	sent   atomic.Value // what was sent, with its type and query
	looks  atomic.Int32
	paused atomic.Bool
	onLook func(look int32)
}

func (s *importServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := func(status int, state, rest string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"id":7,"state":"%s",%s}`, state, rest)
	}
	const middle, end = `"rows":{"read":1200,"created":1190,"failed":10},"images":{"waiting":4,"ready":1,"failed":0},"per_second":400,"seconds_left":61`,
		`"rows":{"read":3000,"created":2998,"superseded":1,"failed":1},"images":{"ready":5,"failed":1},"finished_at":"2026-11-27T06:00:00Z"`
	switch r.Method + " " + r.URL.Path {
	case "POST /imports":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.t.Log(err)
			return
		}
		s.sent.Store(r.Header.Get("Content-Type") + " " + r.URL.RawQuery + " " + string(body))
		if r.URL.Query().Get("user_id") == "422" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		answer(http.StatusAccepted, "writing", middle)
	case "POST /imports/7/resume":
		s.paused.Store(false)
		answer(http.StatusOK, "writing", middle)
	case "POST /imports/7/pause":
		s.paused.Store(true)
		answer(http.StatusOK, "paused", middle)
	case "GET /imports/7":
		look := s.looks.Add(1)
		if s.onLook != nil {
			s.onLook(look)
		}
		switch {
		case look < 3:
			answer(http.StatusOK, "writing", middle)
		default:
			answer(http.StatusOK, "completed_with_errors", end)
		}
	case "GET /imports/7/results":
		_, _ = w.Write([]byte(`{"line":2,"outcome":"created"}` + "\n" + `{"line":3,"outcome":"failed","errors":[{"field":"product_name","reason":"is required"},{"field":"row","reason":"is odd"}]}` + "\n"))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// runImport runs the command with a file of the name.
func runImport(ctx context.Context, t *testing.T, s *importServer, name string, args ...string) (code int, out string) {
	t.Helper()
	s.t = t
	server := httptest.NewServer(s)
	defer server.Close()
	args = append([]string{"import", "--url", server.URL}, args...)
	if name != "" {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte("the file"), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	var said bytes.Buffer
	code = Run(ctx, &fake{}, Streams{Out: &said, Err: &said}, args...)
	return code, said.String()
}

// TestImport: the file is sent as it is, with what was asked for, and followed to its end.
func TestImport(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		args []string
		code int
		sent string
		says []string
	}{
		"csv": {"list.CSV", nil, 1, "text/csv error_policy=rows&mode=upsert the file", []string{
			"import 7 writing: 1,200 rows (1,190 created, 10 failed), 1 of 5 images ready, 400 a second, 1m1s left\n",
			"import 7 completed with errors: 3,000 rows (2,998 created, 1 superseded, 1 failed), 5 of 6 images ready, 1 failed\n",
			"line 3: product_name is required\n         row is odd\n", "import 7 has errors: GET /imports/7/results tells all of them\n",
		}},
		"options": {
			"list",
			[]string{"--user", "3", "--mode", "create", "--error-policy", "all", "--dry-run", "--image-rate", "9", "--json"},
			1,
			"application/x-ndjson dry_run=true&error_policy=all&image_rate=9&mode=create&user_id=3 the file",
			[]string{`{"id":7,"state":"writing","rows":{"read":1200`},
		},
		"resumed":  {"", []string{"--resume", "7"}, 1, "", []string{"import 7 completed with errors"}},
		"refused":  {"list", []string{"--user", "422"}, 64, "application/x-ndjson error_policy=rows&mode=upsert&user_id=422 the file", []string{"the server answered 422"}},
		"nothing":  {"", nil, 64, "", []string{"name a FILE"}},
		"both":     {"list", []string{"--resume", "7"}, 64, "", []string{"name a FILE"}},
		"unknown":  {"", []string{"--resume", "8"}, 1, "", []string{"the server answered 404"}},
		"no file":  {"", []string{"/none"}, 64, "", []string{"no such file"}},
		"bad mode": {"list", []string{"--mode", "replace"}, 64, "", []string{"--mode"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &importServer{}
			code, out := runImport(t.Context(), t, s, c.file, c.args...)
			sent, _ := s.sent.Load().(string)
			if code != c.code || sent != c.sent {
				t.Errorf("ends with %d, sent %q: %s", code, sent, out)
			}
			for _, text := range c.says {
				if !strings.Contains(out, text) {
					t.Errorf("said %q without %q", out, text)
				}
			}
		})
	}
}

// TestImportIsPaused: Ctrl-C pauses the import, and says how it goes on.
func TestImportIsPaused(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	s := &importServer{onLook: func(int32) { stop() }}
	code, out := runImport(ctx, t, s, "list.ndjson")
	const want = "import 7 is paused after 1,200 rows: vitrine import --resume 7 goes on, POST /imports/7/cancel ends it\n"
	if code != 1 || !strings.HasSuffix(out, want) || !s.paused.Load() {
		t.Errorf("ends with %d, paused %t: %s", code, s.paused.Load(), out)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if code, out := runImport(ended, t, &importServer{}, "list.ndjson"); code != 1 || !strings.Contains(out, "nothing is imported: the file was not sent to its end") {
		t.Errorf("before it is sent it ends with %d: %s", code, out)
	}
	var said bytes.Buffer
	file := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := Run(t.Context(), &fake{}, Streams{Out: &said, Err: &said}, "import", "--url", "http://127.0.0.1:1", file); code != 69 {
		t.Errorf("without a server it ends with %d: %s", code, &said)
	}
}
