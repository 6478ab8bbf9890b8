package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRequest sends whole requests: no answer is a failure of ours, each is
// JSON in UTF-8, and a product that was created can be read.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][4]string{
		{"POST", "/products", "application/json", smartphone},
		{"PATCH", "/products/101", "application/merge-patch+json", `{}`},
		{"GET", "/products?user_id=1&limit=1&cursor=AQAAAAAAAABl", "", ""},
		{"DELETE", "/products/101", "", ""},
		{"GET", "/images/a/b.webp", "", ""},
		{"HEAD", "/products/1", "", ""},
		{"BREW", "/x", "text/plain", "\xff"},
		{"POST", "/products", "application/json; charset=utf-8", `{"user_id":1e400,"a":[[[]]],"a":1}`},
		{"GET", "/products/9007199254740992", "", ""},
		{"PUT", "/readyz", "", "x"},
	} {
		f.Add(seed[0], seed[1], seed[2], "k", `"1"`, []byte(seed[3]))
	}
	f.Fuzz(func(t *testing.T, method, target, contentType, key, tags string, body []byte) {
		if !strings.HasPrefix(target, "/") || strings.ContainsAny(target+method, " \r\n\t") {
			return // no request line would carry it
		}
		s := newSetup(t)
		r, err := http.NewRequestWithContext(t.Context(), method, "http://shop.test"+target, strings.NewReader(string(body)))
		if err != nil {
			return
		}
		r.RequestURI = target
		r.Header = http.Header{
			"Content-Type": {contentType}, "Idempotency-Key": {key}, "If-Match": {tags}, "If-None-Match": {tags},
		}
		if method != http.MethodPost {
			r.Header.Del("Idempotency-Key")
		}
		if method == http.MethodPatch || method == http.MethodDelete {
			r.Header.Del("If-None-Match")
		}
		w := s.send(r)
		if w.Code >= 500 || len(s.logs.lines(t, "handler panicked")) > 0 {
			t.Errorf("%s %s is answered %d: %s", method, target, w.Code, w.Body)
		}
		if strings.HasSuffix(w.Header().Get("Content-Type"), "json") && !(json.Valid(w.Body.Bytes()) && utf8.Valid(w.Body.Bytes())) {
			t.Errorf("the answer is no JSON: %q", w.Body)
		}
		if w.Code == http.StatusCreated {
			read := httptest.NewRecorder()
			s.handler.ServeHTTP(read, httptest.NewRequestWithContext(t.Context(), http.MethodGet, w.Header().Get("Location"), nil))
			if read.Code != http.StatusOK {
				t.Errorf("what was created is read as %d: %s", read.Code, read.Body)
			}
		}
	})
}
