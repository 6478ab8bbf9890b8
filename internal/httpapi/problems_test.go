package httpapi_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"vitrine.dev/internal/httpkit"
)

// TestPlacesOfErrors: names that a client made up are not taken for paths.
func TestPlacesOfErrors(t *testing.T) {
	t.Parallel()
	s, long := newDeadSetup(t), strings.Repeat("x", 65)
	for _, tc := range []struct {
		method, target, body string
		want                 []string // "pointer" or "parameter", and its value
	}{
		{"POST", "/products", `{"user_id":1,"product_name":"a","product_price":1,"product_images":["https://a.example/","x",2]}`, []string{"pointer /product_images/2", "pointer /product_images/1"}},
		{"POST", "/products", `{"user_id":1,"product_name":"a","product_price":1,"a.b[0]~/":1,"":1}`, []string{"pointer /a.b[0]~0~1", "pointer /"}},
		{"POST", "/products", `{"user_id":1,"product_name":"a","product_price":1,"` + long + `":1,"body":1}`, []string{"pointer ", "pointer /body"}},
		{"POST", "/products", `[]`, []string{"pointer "}},
		{"POST", "/products?product_name=a", smartphone, []string{"parameter product_name"}},
		{"PATCH", "/products/1", `{"colour":5}`, []string{"pointer /colour"}},
		{"PATCH", "/products/x", `{}`, []string{"parameter id"}},
		{"GET", "/products?user_id=1&limit=0&price_min=2&price_max=1&=1", "", []string{"parameter ", "parameter limit", "parameter price_min"}},
		{"GET", "/dead-letters?host=a/b", "", []string{"parameter host"}},
		{"POST", "/dead-letters/replay", `{"filter":{"host":"a/b","x.y":1},"rate":0}`, []string{"pointer /filter/x.y", "pointer /rate", "pointer /filter/host"}},
		{"POST", "/dead-letters/replay", `{"ids":["image-1","1"]}`, []string{"pointer /ids/1"}},
	} {
		var got []string
		for _, e := range wantProblem(t, s.do(tc.method, tc.target, tc.body), http.StatusUnprocessableEntity).Errors {
			if e.Pointer != nil {
				got = append(got, "pointer "+*e.Pointer)
			}
			if e.Parameter != nil {
				got = append(got, "parameter "+*e.Parameter)
			}
		}
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s %s %.60s: %q, want %q", tc.method, tc.target, tc.body, got, tc.want)
		}
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	one := s.do("POST", "/products", smartphone, "Idempotency-Key", "k").Header().Get("Location")
	wantHeader(t, s.do("POST", "/products", smartphone, "Idempotency-Key", "k"), "Idempotent-Replayed", "true")
	wantHeader(t, s.do("POST", "/products", smartphone), "Idempotent-Replayed", "")
	other := strings.Replace(smartphone, "Smartphone", "Phone", 1)
	for _, tc := range []struct {
		code, method, target, body string
		headers                    []string
	}{
		{"malformed-request", "POST", "/products", `{`, nil},
		{"malformed-request", "GET", one, "", []string{"If-Match", "x"}},
		{"validation-failed", "POST", "/products", `{}`, nil},
		{"idempotency-key-reused", "POST", "/products", other, []string{"Idempotency-Key", "k"}},
		{"not-found", "GET", "/products/999", "", nil},
		{"not-found", "GET", "/problems/none", "", nil},
		{"not-found", "GET", "/problems/method-not-allowed", "", nil}, // the status tells all
		{"stale-version", "PATCH", one, `{}`, []string{"If-Match", `"77"`}},
		{"method-not-allowed", "PUT", "/products", `{}`, nil},
		{"unsupported-media-type", "POST", "/products", `{}`, []string{"Content-Type", "text/plain"}},
		{"too-large", "POST", "/products", strings.Repeat("x", 1<<21), nil},
	} {
		w := s.do(tc.method, tc.target, tc.body, tc.headers...)
		if p := wantProblem(t, w, w.Code); p.Code != tc.code {
			t.Errorf("%s %s %.20s: code %s, want %s", tc.method, tc.target, tc.body, p.Code, tc.code)
		}
	}
	s.store.Fail(errTest)
	if p := wantProblem(t, s.do("GET", "/products/8", ""), 500); p.Code != "internal-server-error" || p.Type != "about:blank" {
		t.Errorf("problem = %+v", p)
	}
}

func TestProblemPages(t *testing.T) {
	t.Parallel()
	s, names := newSetup(t), map[string]bool{}
	for _, k := range httpkit.ProblemKinds() {
		if names[k.Name] || k.Name == "" || k.Title == "" {
			t.Errorf("a name is empty or used twice: %+v", k)
		}
		names[k.Name] = true
		if k.Type() == "about:blank" {
			continue
		}
		w := s.do(http.MethodGet, httpkit.PathProblems+k.Name, "")
		wantStatus(t, w, http.StatusOK)
		wantHeader(t, w, "Content-Type", "text/html; charset=utf-8")
		page := w.Body.String()
		_, style, _ := strings.Cut(page, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		sum := sha256.Sum256([]byte(style))
		wantHeader(t, w, "Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		if !strings.Contains(page, k.Name) || !strings.Contains(page, "<h1>"+k.Title) {
			t.Errorf("%s: %s", k.Name, page)
		}
		for _, outside := range []string{"//", "src=", "href=", "@import", "url("} {
			if strings.Contains(page, outside) {
				t.Errorf("the page of %s has %s", k.Name, outside)
			}
		}
	}
}

// TestListOfProblems holds the list in the docs against the table; -update writes it.
func TestListOfProblems(t *testing.T) {
	t.Parallel()
	const path = "../../docs/problems.md"
	var b strings.Builder
	b.WriteString("# Kinds of problems\n\nThe `code` of an error names its kind. Kinds may be added; a name keeps its meaning.\n" +
		"Written from the table in `internal/httpkit`.\n\n| code | status | type | meaning |\n|---|---|---|---|\n")
	for _, k := range httpkit.ProblemKinds() {
		fmt.Fprintf(&b, "| `%s` | %d | `%s` | %s |\n", k.Name, k.Status, k.Type(), cmp.Or(k.Text, "The status tells all."))
	}
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != b.String() {
		t.Errorf("docs/problems.md is not the table (%v); go test ./internal/httpapi -run TestListOfProblems -update writes it", err)
	}
}
