package httpkit_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit"
)

// formOf is a request with a form of these fields, and then of the file, unless that is "".
func formOf(t *testing.T, file string, fields ...[2]string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		part, err := w.CreateFormFile("file", "a.csv")
		if err == nil {
			_, err = io.WriteString(part, file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// TestFormFile: a form is read up to its file, and what is before it is counted, bounded and never cut off.
func TestFormFile(t *testing.T) {
	t.Parallel()
	fields, part, err := httpkit.FormFile(formOf(t, "name\n", [2]string{"mode", "upsert"}, [2]string{"long", strings.Repeat("x", 1024)}), "file")
	if err != nil || fields["mode"] != "upsert" || len(fields["long"]) != 1024 {
		t.Fatalf("%d fields, %v", len(fields), err)
	}
	if text, err := io.ReadAll(part); err != nil || string(text) != "name\n" || part.FileName() != "a.csv" {
		t.Errorf("the file %s is %q, %v", part.FileName(), text, err)
	}
	var many, nameless [][2]string
	for i := range 21 {
		many, nameless = append(many, [2]string{strconv.Itoa(i), ""}), append(nameless, [2]string{"same", ""})
	}
	for want, r := range map[string]*http.Request{
		"is required":                         formOf(t, "", [2]string{"mode", "upsert"}),
		"must have at most 1024 bytes":        formOf(t, "x", [2]string{"mode", strings.Repeat("x", 1025)}),
		"must come after at most 20 other fi": formOf(t, "x", many...),
		"must be given once":                  formOf(t, "x", nameless...),
	} {
		if _, _, err := httpkit.FormFile(r, "file"); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, _, err := httpkit.FormFile(formOf(t, "x", many[:20]...), "file"); err != nil {
		t.Errorf("of twenty fields: %v", err)
	}
	if _, _, err := httpkit.FormFile(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil), "file"); err == nil {
		t.Error("what is no form is taken for one")
	}
}

// TestFile: a file that is too long is the client's fault, and a reader that fails, too.
func TestFile(t *testing.T) {
	t.Parallel()
	f := httpkit.NewFile(strings.NewReader("12345"), 5)
	if text, err := io.ReadAll(f); err != nil || string(text) != "12345" || f.Refusal() != nil {
		t.Errorf("%q, %v, %v", text, err, f.Refusal())
	}
	for want, from := range map[string]io.Reader{
		"at most 4 bytes": strings.NewReader("12345"), "could not be read to its end": io.MultiReader(strings.NewReader("1"), errReader{}),
	} {
		f := httpkit.NewFile(from, 4)
		if _, err := io.ReadAll(f); err == nil || f.Refusal() == nil || !strings.Contains(f.Refusal().Error(), want) {
			t.Errorf("%v, want %s", f.Refusal(), want)
		}
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("reset by peer") }
