package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestCreateRefusesBodies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body        string
		contentType string
		status      int
		detail      string
	}{
		"empty":              {"", "application/json", 400, "the body is empty; it must be a JSON object"},
		"white space":        {" \n", "application/json", 400, "the body is empty; it must be a JSON object"},
		"cut short":          {`{"user_id":1,`, "application/json", 400, "the body is not valid JSON at line 1, column 13: unexpected end of JSON input"},
		"not JSON":           {"user_id=1", "application/json", 400, "the body is not valid JSON at line 1, column 1: invalid character 'u' at start of value"},
		"NaN":                {"{\"user_id\":1,\n \"product_price\":NaN}", "application/json", 400, "the body is not valid JSON at line 2, column 18: invalid character 'N' at start of value"},
		"Infinity":           {with("product_price", "Infinity"), "application/json", 400, ""},
		"-Infinity":          {with("product_price", "-Infinity"), "application/json", 400, ""},
		"leading zero":       {with("product_price", "01"), "application/json", 400, ""},
		"plus":               {with("product_price", "+1"), "application/json", 400, ""},
		"comment":            {"{/**/}", "application/json", 400, ""},
		"trailing comma":     {`{"user_id":1,}`, "application/json", 400, ""},
		"trailing garbage":   {with("", "") + "x", "application/json", 400, ""},
		"two values":         {with("", "") + with("", ""), "application/json", 400, ""},
		"UTF-16":             {"{\x00}\x00", "application/json", 400, ""},
		"NUL byte":           {with("product_name", "\"a\x00\""), "application/json", 400, ""},
		"NUL at the end":     {with("", "") + "\x00", "application/json", 400, ""},
		"line break in text": {with("product_name", "\"a\nb\""), "application/json", 400, ""},
		"broken UTF-8":       {with("product_name", "\"a\xff\""), "application/json", 400, "the body is not valid UTF-8 at line 1, column 31"},
		"overlong UTF-8":     {with("product_name", "\"\xc0\x80\""), "application/json", 400, "the body is not valid UTF-8 at line 1, column 30"},
		"surrogate in UTF-8": {with("product_name", "\"\xed\xa0\x80\""), "application/json", 400, "the body is not valid UTF-8 at line 1, column 30"},
		"nested too deep":    {with("product_images", strings.Repeat("[", 20000)+strings.Repeat("]", 20000)), "application/json", 400, ""},
		"too large":          {with("product_name", `"`+strings.Repeat("x", 1<<20)+`"`), "application/json", 413, "the body must have at most 1048576 bytes"},
		"no type":            {with("", ""), "", 415, "the Content-Type must be application/json, in UTF-8"},
		"form":               {"user_id=1", "application/x-www-form-urlencoded", 415, ""},
		"text":               {with("", ""), "text/plain", 415, ""},
		"malformed type":     {with("", ""), "application/json; charset", 415, ""},
		"another charset":    {with("", ""), "application/json; charset=iso-8859-1", 415, ""},
		"a patch":            {with("", ""), "application/merge-patch+json", 415, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			w := s.do(http.MethodPost, "/products", tc.body, "Content-Type", tc.contentType)
			p := wantProblem(t, w, tc.status)
			if tc.detail != "" && p.Detail != tc.detail {
				t.Errorf("detail = %q, want %q", p.Detail, tc.detail)
			}
			if tc.status == http.StatusUnsupportedMediaType {
				wantHeader(t, w, "Accept-Post", "application/json")
			}
			if len(p.Errors) > 0 {
				t.Errorf("a body that cannot be read has field errors: %v", p.Errors)
			}
			if s.store.Len() != 0 {
				t.Error("something was stored")
			}
		})
	}
}

func TestCompressedBody(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	w := s.do(http.MethodPost, "/products", smartphone, "Content-Encoding", "gzip")
	wantProblem(t, w, http.StatusUnsupportedMediaType)
	wantHeader(t, w, "Accept-Encoding", "identity")
}

func TestLargestBody(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	body := with("", "")
	body += strings.Repeat(" ", 1<<20-len(body))
	wantStatus(t, s.do(http.MethodPost, "/products", body), http.StatusCreated)
	wantProblem(t, s.do(http.MethodPost, "/products", body+" "), http.StatusRequestEntityTooLarge)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/products", strings.NewReader(body+" "))
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = -1 // as of a chunked body
	wantProblem(t, s.send(r), http.StatusRequestEntityTooLarge)
	if s.store.Len() != 1 {
		t.Errorf("%d products, want 1", s.store.Len())
	}
}

func TestBodyThatDoesNotArrive(t *testing.T) {
	t.Parallel()
	for err, status := range map[error]int{
		os.ErrDeadlineExceeded: http.StatusRequestTimeout,
		io.ErrUnexpectedEOF:    http.StatusBadRequest,
	} {
		s := newSetup(t)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/products",
			io.MultiReader(strings.NewReader(smartphone), iotest.ErrReader(err)))
		r.Header.Set("Content-Type", "application/json")
		wantProblem(t, s.send(r), status)
		if s.store.Len() != 0 {
			t.Error("something was stored")
		}
	}
}

// TestErrorsAreBounded: a body full of errors does not make an answer as large.
func TestErrorsAreBounded(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, `"field%d":0,`, i)
	}
	w := s.do(http.MethodPost, "/products", "{"+b.String()+with("", "")[1:])
	if p := wantProblem(t, w, http.StatusUnprocessableEntity); len(p.Errors) != 100 {
		t.Errorf("%d errors, want 100", len(p.Errors))
	}
	w = s.do(http.MethodPost, "/products", "{"+b.String()+b.String()+with("", "")[1:])
	if got := wantProblem(t, w, http.StatusUnprocessableEntity).errors(); !slices.Equal(got, []string{"body must have at most 1000 fields"}) {
		t.Errorf("errors = %q", got)
	}
	w = s.do(http.MethodPost, "/products", with("product_images", "[1"+strings.Repeat(",1", 100000)+"]"))
	if p := wantProblem(t, w, http.StatusUnprocessableEntity); len(p.Errors) != 51 {
		t.Errorf("%d errors, want 51", len(p.Errors))
	}
}

// TestByteOrderMark: one mark before a body is ignored; one elsewhere, a second
// one or nothing behind it is what it would be without.
func TestByteOrderMark(t *testing.T) {
	t.Parallel()
	const mark = "\ufeff"
	s := newSetup(t)
	w := s.do(http.MethodPost, "/products", mark+smartphone)
	wantStatus(t, w, http.StatusCreated)
	path := w.Header().Get("Location")
	w = s.do(http.MethodPatch, path, mark+` {"product_name":"`+mark+`x"}`)
	wantStatus(t, w, http.StatusOK)
	if !strings.Contains(w.Body.String(), `"product_name":"`+mark+`x"`) {
		t.Errorf("a mark in a text is lost: %s", w.Body)
	}
	for _, body := range []string{mark, mark + " ", mark + mark + "{}", "{}" + mark, " " + mark + "{}", "\xff\xfe{\x00}\x00"} {
		wantProblem(t, s.do(http.MethodPatch, path, body), http.StatusBadRequest)
	}
}
