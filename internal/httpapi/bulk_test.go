package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"vitrine.dev/internal/httpapi/wire"
)

func bulkResults(t *testing.T, body []byte) wire.BulkResults {
	t.Helper()
	var r wire.BulkResults
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestBulk: every product is answered for, in order.
func TestBulk(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	const body = `{"products":[
		{"external_id":"A","product_name":"Vase","product_price":"12.50","product_images":["https://a.example/1.jpg"],"image_alts":["A vase"],"metadata":{"shelf":"7"}},
		{"product_name":"Bowl","product_price":"free","colour":"red","user_id":2},
		[],
		{"external_id":"A","product_name":"Jug","product_price":3},
		{"external_id":"","product_name":"Cup","product_price":3},
		{"external_id":"B"}]}`
	w := s.do(http.MethodPost, "/products/bulk?user_id=1", body, "Idempotency-Key", "first")
	wantStatus(t, w, http.StatusOK)
	r := bulkResults(t, w.Body.Bytes())
	var shown []string
	for _, row := range r.Results {
		texts := []string{row.Outcome}
		for _, e := range row.Errors {
			texts = append(texts, e.Field+" "+e.Reason)
		}
		shown = append(shown, strings.Join(texts, "; "))
	}
	want := strings.Join([]string{
		"superseded",
		"failed; product_price must be a decimal number such as 999.99; colour is not a known field; user_id is given for all products together",
		"failed; row must be a JSON object of the fields of a product",
		"created",
		"failed; external_id must not be empty",
		"failed; product_name is required; product_price is required",
	}, "\n")
	if got := strings.Join(shown, "\n"); got != want || r.Created != 1 || r.Failed != 4 || r.Superseded != 1 {
		t.Errorf("%s\nnot\n%s\n%+v", got, want, r)
	}
	again := s.do(http.MethodPost, "/products/bulk?user_id=1", body, "Idempotency-Key", "first")
	wantStatus(t, again, http.StatusOK)
	if again.Header().Get("Idempotent-Replayed") != "true" || again.Body.String() != w.Body.String() {
		t.Errorf("the same again: %v\n%s", again.Header(), again.Body)
	}
	wantProblem(t, s.do(http.MethodPost, "/products/bulk?user_id=1&mode=create", body, "Idempotency-Key", "first"), http.StatusUnprocessableEntity)
}

// TestBulkIsRefused: an order that is at fault, and with error_policy=all one with a
// product that is, says where.
func TestBulkIsRefused(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	const vase = `{"product_name":"Vase","product_price":1}`
	for _, c := range []struct{ query, body, pointer string }{
		{"", `{"products":[` + vase + `]}`, "user_id"},
		{"?user_id=99", `{"products":[` + vase + `]}`, "user_id"},
		{"?user_id=0", `{"products":[` + vase + `]}`, "user_id"},
		{"?user_id=1&error_policy=some", `{"products":[` + vase + `]}`, "error_policy"},
		{"?user_id=1&mode=replace", `{"products":[` + vase + `]}`, "mode"},
		{"?user_id=1", `{"products":[]}`, "/products"},
		{"?user_id=1", `{}`, "/products"},
		{"?user_id=1", `{"products":{}}`, "/products"},
		{"?user_id=1", `{"products":[` + vase + `],"policy":"all"}`, "/policy"},
		{"?user_id=1", `{"products":[` + strings.Repeat(vase+",", 1000) + vase + `]}`, "/products"},
		{"?user_id=1&error_policy=all", `{"products":[` + vase + `,{"product_name":"","product_price":1}]}`, "/products/1/product_name"},
		{"?user_id=1&error_policy=all", `{"products":[` + vase + `,7]}`, "/products/1"},
	} {
		p := wantProblem(t, s.do(http.MethodPost, "/products/bulk"+c.query, c.body), http.StatusUnprocessableEntity)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != nil && *p.Errors[0].Pointer != c.pointer || p.Errors[0].Parameter != nil && *p.Errors[0].Parameter != c.pointer {
			t.Errorf("%s %.60s: %+v", c.query, c.body, p.Errors)
		}
	}
	if list := s.do(http.MethodGet, "/products?user_id=1", "").Body.String(); strings.TrimSpace(list) != "[]" {
		t.Errorf("%s", list)
	}
}

// TestBulkOfManyBytes: a body of many times what other requests may have is read, and one
// product in it may not be longer than a request that creates one.
func TestBulkOfManyBytes(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	var list []string
	for i := range 600 {
		list = append(list, fmt.Sprintf(`{"product_name":"Vase %d","product_price":1,"product_description":"%s"}`, i, strings.Repeat("a", 9900)))
	}
	list = append(list, `{"product_name":"`+strings.Repeat("a", 1<<20)+`","product_price":1}`)
	w := s.do(http.MethodPost, "/products/bulk?user_id=1", `{"products":[`+strings.Join(list, ",")+`]}`)
	wantStatus(t, w, http.StatusOK)
	r := bulkResults(t, w.Body.Bytes())
	if r.Created != 600 || r.Failed != 1 || r.Results[600].Errors[0].Field != "row" {
		t.Errorf("%d created, %d failed: %+v", r.Created, r.Failed, r.Results[600])
	}
}
