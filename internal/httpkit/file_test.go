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
	"testing/synctest"
	"time"

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

// TestFileIsLate: a file that arrives for too long is refused, also where each piece of it comes soon.
func TestFileIsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := httpkit.NewFile(slowReader{}, 1<<20)
		began := time.Now()
		_, err := io.ReadAll(f)
		if refused := f.Refusal(); err == nil || refused == nil || !strings.Contains(refused.Error(), "took too long") {
			t.Errorf("%v, %v", err, refused)
		}
		if took := time.Since(began); took < 2*time.Hour || took > 2*time.Hour+time.Minute {
			t.Errorf("after %s", took)
		}
	})
}

// slowReader has a byte a minute, without end.
type slowReader struct{}

func (slowReader) Read(p []byte) (int, error) {
	time.Sleep(time.Minute)
	return copy(p, "x"), nil
}

// TestReceive: what is received, or fetched in place of a body, waits for room and gives it back; what is announced as too long is
// refused before.
func TestReceive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failed := errors.New("it could not be stored")
		for name, c := range map[string]struct {
			receive func(*http.Request, httpkit.Budget, func() error) error
			room    int64 // that it takes
		}{
			"a body": {func(r *http.Request, b httpkit.Budget, do func() error) error { return httpkit.Receive(r, b, 9, do) }, 5},
			"less of it": {func(r *http.Request, b httpkit.Budget, do func() error) error {
				return httpkit.ReceiveFor(r, b, 1, 9, 3, do)
			}, 3},
			"no body": {func(r *http.Request, b httpkit.Budget, do func() error) error { return httpkit.WithRoom(r, b, 4, do) }, 4},
		} {
			budget := httpkit.NewBudget(10, nil)
			done := 0
			do := func() error {
				done++
				if _, err := budget.TakeNow(t.Context(), 10-c.room+1); err == nil {
					t.Errorf("%s takes less than %d", name, c.room)
				}
				rest, err := budget.TakeNow(t.Context(), 10-c.room)
				if err != nil {
					t.Errorf("%s takes more than %d: %v", name, c.room, err)
				}
				rest.Free()
				return failed
			}
			receive := func() error {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("12345"))
				return c.receive(r, budget, do)
			}
			all, err := budget.TakeNow(t.Context(), 10)
			if err != nil {
				t.Fatal(err)
			}
			if err := receive(); fault.KindOf(err) != fault.Unavailable || done != 0 {
				t.Errorf("%s without room: %v, done %d times", name, err, done)
			}
			all.Free()
			if err := receive(); !errors.Is(err, failed) || done != 1 {
				t.Errorf("%s: %v, done %d times", name, err, done)
			}
			if _, err := budget.TakeNow(t.Context(), 10); err != nil {
				t.Errorf("%s has not given its room back", name)
			}
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader("12345"))
		err := httpkit.Receive(r, httpkit.NewBudget(10, nil), 4, func() error { t.Error("it is read"); return nil })
		if err == nil || !strings.Contains(err.Error(), "at most 4 bytes") {
			t.Errorf("too long: %v", err)
		}
	})
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("reset by peer") }
