package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/fault"
)

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	first := s.do(http.MethodPost, "/products", smartphone, "Idempotency-Key", "8e03978e-40d5")
	wantStatus(t, first, http.StatusCreated)
	wantHeader(t, first, "Idempotency-Replayed", "")
	// The same product in another spelling, under the key in quotes.
	spelled := strings.Replace(smartphone, `"product_price":999.99`, `"product_price" : "9.9999e2"`, 1)
	for _, again := range [][2]string{
		{smartphone, "8e03978e-40d5"}, {spelled, "8e03978e-40d5"}, {smartphone, `"8e03978e-40d5"`},
	} {
		w := s.do(http.MethodPost, "/products", again[0], "Idempotency-Key", again[1])
		wantStatus(t, w, http.StatusCreated)
		wantBody(t, w, strings.TrimSpace(first.Body.String()))
		wantHeader(t, w, "Idempotency-Replayed", "true")
		wantHeader(t, w, "Location", first.Header().Get("Location"))
		wantHeader(t, w, "ETag", first.Header().Get("ETag"))
	}
	other := strings.Replace(smartphone, "999.99", "999.98", 1)
	p := wantProblem(t, s.do(http.MethodPost, "/products", other, "Idempotency-Key", "8e03978e-40d5"), http.StatusUnprocessableEntity)
	if !strings.Contains(p.Detail, "Idempotency-Key") {
		t.Errorf("detail = %q", p.Detail)
	}
	if s.store.Len() != 1 {
		t.Errorf("%d products", s.store.Len())
	}
	wantStatus(t, s.do(http.MethodPost, "/products", smartphone), http.StatusCreated)
	if s.store.Len() != 2 {
		t.Error("a create without a key was taken for one with")
	}
}

func TestIdempotencyKeyForms(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lines []string
		fine  bool
	}{
		"one character":       {[]string{"k"}, true},
		"longest":             {[]string{strings.Repeat("k", 255)}, true},
		"spaces inside":       {[]string{"a b"}, true},
		"every sign":          {[]string{"!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}, true},
		"in quotes":           {[]string{`"a\"b\\c"`}, true},
		"longest in quotes":   {[]string{`"` + strings.Repeat("k", 255) + `"`}, true},
		"empty":               {[]string{""}, false},
		"empty in quotes":     {[]string{`""`}, false},
		"too long":            {[]string{strings.Repeat("k", 256)}, false},
		"too long in quotes":  {[]string{`"` + strings.Repeat("k", 256) + `"`}, false},
		"twice":               {[]string{"a", "a"}, false},
		"control character":   {[]string{"a\tb"}, false},
		"not ASCII":           {[]string{"schlüssel"}, false},
		"quotes left open":    {[]string{`"abc`}, false},
		"one quote":           {[]string{`"`}, false},
		"quotes in between":   {[]string{`"a"b"`}, false},
		"wrong escape":        {[]string{`"a\n"`}, false},
		"escape at the end":   {[]string{`"a\"`}, false},
		"parameters":          {[]string{`"abc";x=1`}, false},
		"two strings in line": {[]string{`"a", "b"`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			r := s.request(http.MethodPost, "/products", smartphone)
			r.Header["Idempotency-Key"] = tc.lines
			w := s.send(r)
			if tc.fine {
				wantStatus(t, w, http.StatusCreated)
				return
			}
			p := wantProblem(t, w, http.StatusBadRequest)
			if !strings.Contains(p.Detail, "Idempotency-Key") || s.store.Len() != 0 {
				t.Errorf("detail = %q, %d products", p.Detail, s.store.Len())
			}
		})
	}
}

func TestIdempotencyKeyAtOnce(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			w := s.do(http.MethodPost, "/products", smartphone, "Idempotency-Key", "one")
			if w.Code != http.StatusCreated || !strings.Contains(w.Body.String(), `"product_id":101`) {
				t.Errorf("answer %d: %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
	if s.store.Len() != 1 {
		t.Errorf("%d products", s.store.Len())
	}
}

func TestIdempotencyKeyWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.store.Fail(fault.New(fault.Unavailable, "the database is not available"))
	w := s.do(http.MethodPost, "/products", smartphone, "Idempotency-Key", "k")
	wantProblem(t, w, http.StatusServiceUnavailable)
	wantHeader(t, w, "Retry-After", "5")
	s.store.Fail(nil)
	w = s.do(http.MethodPost, "/products", smartphone, "Idempotency-Key", "k")
	wantStatus(t, w, http.StatusCreated)
	wantHeader(t, w, "Idempotency-Replayed", "")
}
