package cli

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const exportFile = "{\"export\":{\"events_after\":\"evt_e_1\"}}\n{\"product_name\":\"Lamp\",\"product_price\":1}\n{\"export\":{\"events_until\":\"evt_e_2\",\"products\":1}}\n"

// exportServer answers exports: of user 1 whole, of 2 without its end, of 3 with a broken
// connection, of 4 not at all yet.
func exportServer(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vitrine-Events-After", "evt_e_1")
		if r.URL.Path != "/exports" {
			t.Errorf("asked for %s", r.URL)
		}
		query := r.URL.Query()
		switch csv := query.Get("format") == "csv"; {
		case query.Get("user_id") == "":
			w.WriteHeader(http.StatusUnprocessableEntity)
		case query.Get("user_id") == "4":
			w.WriteHeader(http.StatusServiceUnavailable)
		case csv:
			w.Header().Set("Trailer", "Vitrine-Products")
			_, _ = w.Write([]byte("product_name\r\n\"two\nlines\"\r\nLamp\r\n"))
			if query.Get("user_id") == "1" {
				w.Header().Set("Vitrine-Products", "2")
			}
		case query.Get("user_id") == "1":
			_, _ = w.Write([]byte(exportFile))
		default:
			_, _ = w.Write([]byte(exportFile[:90]))
			if query.Get("user_id") == "3" {
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestExport: the file is there once it is whole, and what was there before stays until then.
func TestExport(t *testing.T) {
	t.Parallel()
	url := exportServer(t)
	for args, want := range map[string]struct {
		code int
		file string // "": as it was
		says string
	}{
		"--user 1":              {0, exportFile, "1 product, 131 bytes in"},
		"--user 1 --format csv": {0, "product_name\r\n\"two\nlines\"\r\nLamp\r\n", "2 products, 33 bytes in"},
		"--user 2 --format csv": {0, "product_name\r\n\"two\nlines\"\r\nLamp\r\n", "no trailer has arrived"},
		"--user 2":              {1, "", "it is not whole"},
		"--user 3":              {1, "", "the export has broken off"},
		"--user 4":              {69, "", "the server answered 503"},
		"":                      {64, "", "the server answered 422"},
		"--user=-1":             {64, "", "--user must be the id of a user"},
		"--user 1 --format xml": {64, "", "--format"},
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			file := filepath.Join(folder, "products")
			if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, said bytes.Buffer
			code := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &said}, append([]string{"export", "--url", url, "--out", file}, strings.Fields(args)...)...)
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if want.file == "" {
				want.file = "before"
			}
			if code != want.code || string(got) != want.file || !strings.Contains(said.String(), want.says) || out.Len() > 0 {
				t.Errorf("ends with %d, the file is %q, said: %s", code, got, &said)
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
				t.Errorf("the folder has %v, %v", left, err)
			}
		})
	}
}

// TestExportToStandardOutput: nothing but the file is there.
func TestExportToStandardOutput(t *testing.T) {
	t.Parallel()
	url := exportServer(t)
	var out, said bytes.Buffer
	if code := Run(t.Context(), &fake{}, Streams{Out: &out, Err: &said}, "export", "--url", url, "--user", "1"); code != 0 || out.String() != exportFile {
		t.Errorf("ends with %d, wrote %q, said %s", code, &out, &said)
	}
	if !strings.HasSuffix(said.String(), "changes since follow: GET /events?after=evt_e_1\n") {
		t.Errorf("said %q", &said)
	}
}

// TestExportIsStopped: Ctrl-C leaves nothing behind, and no server is told of by its code.
func TestExportIsStopped(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("interrupted"))
	var said bytes.Buffer
	code := Run(ctx, &fake{}, Streams{Out: &said, Err: &said}, "export", "--url", exportServer(t), "--user", "1", "--out", filepath.Join(folder, "f"))
	if left, err := os.ReadDir(folder); code != 1 || err != nil || len(left) > 0 {
		t.Errorf("ends with %d, the folder has %v, %v: %s", code, left, err, &said)
	}
	if code := Run(t.Context(), &fake{}, Streams{Out: &said, Err: &said}, "export", "--url", "http://127.0.0.1:1", "--user", "1"); code != 69 {
		t.Errorf("without a server it ends with %d: %s", code, &said)
	}
}
