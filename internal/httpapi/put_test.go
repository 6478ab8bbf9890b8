package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
)

// TestPut: a product is sent to where it shall be, by the client's own id.
func TestPut(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	const sku, shoe = "/products/external/SHOE%2F%C3%A9%201", `{"user_id":1,"product_name":"Shoe","product_price":"9.50","metadata":{"a":"1"},"product_images":["https://example.com/a"]}`
	w := s.do(http.MethodPut, sku, shoe)
	wantStatus(t, w, http.StatusCreated)
	wantHeader(t, w, "Location", "/products/101")
	wantVersion(t, w, 1)
	created := productOf(t, w.Body.Bytes())
	if created.ExternalID != "SHOE/é 1" || created.Name != "Shoe" || created.Metadata["a"] != "1" || len(created.Images) != 1 {
		t.Errorf("created %+v", created)
	}

	w = s.do(http.MethodPut, sku, shoe)
	wantStatus(t, w, http.StatusOK)
	wantVersion(t, w, 1) // nothing differs

	w = s.do(http.MethodPut, sku, `{"user_id":1,"product_description":"Red","external_id":"SHOE/é 1"}`, "If-Match", w.Header().Get("ETag"))
	wantStatus(t, w, http.StatusOK)
	wantVersion(t, w, 2)
	if p := productOf(t, w.Body.Bytes()); p.Description != "Red" || p.Name != "Shoe" || len(p.Images) != 1 || p.Images[0].ID != created.Images[0].ID {
		t.Errorf("what was not sent is not as it was: %+v", p)
	}
	wantStatus(t, s.do(http.MethodPut, sku, shoe, "If-Match", `"1.1.x"`), http.StatusPreconditionFailed)
	wantStatus(t, s.do(http.MethodPut, sku, shoe, "If-None-Match", "*"), http.StatusPreconditionFailed)
	wantStatus(t, s.do(http.MethodPut, sku, shoe, "If-None-Match", `"1"`), http.StatusBadRequest)
	wantStatus(t, s.do(http.MethodPut, "/products/external/new", shoe, "If-Match", "*"), http.StatusPreconditionFailed)
	wantStatus(t, s.do(http.MethodPut, "/products/external/new", shoe, "If-Match", "*", "If-None-Match", "*"), http.StatusPreconditionFailed)
	wantStatus(t, s.do(http.MethodPut, sku, shoe, "If-Match", "*", "If-None-Match", "*"), http.StatusPreconditionFailed)
	wantStatus(t, s.do(http.MethodPut, sku, shoe, "If-Match", "*"), http.StatusOK)
	wantStatus(t, s.do(http.MethodPut, "/products/external/newer", shoe, "If-Match", `"1"`), http.StatusPreconditionFailed)
	wantStatus(t, s.do(http.MethodPut, "/products/external/newest", shoe, "If-None-Match", "*"), http.StatusCreated)
	wantStatus(t, s.do(http.MethodPut, sku, strings.Replace(shoe, `"user_id":1`, `"user_id":2`, 1)), http.StatusCreated) // another user's own

	for body, want := range map[string]string{
		`{"product_name":"a","product_price":1}`:                                    "user_id is required",
		`{"user_id":1}`:                                                             "product_name is required, product_price is required",
		`{"user_id":1,"product_name":"a","product_price":1,"id":7}`:                 "id is set by the server",
		`{"user_id":1,"product_name":"a","product_price":1,"external_id":"b"}`:      "external_id must be that of the path",
		`{"user_id":1,"product_name":"a","product_price":1,"external_id":null}`:     "external_id must be that of the path",
		`{"user_id":1,"product_name":null,"product_price":1,"colour":1}`:            "product_name must not be null: every product has one, colour is not a known field",
		`{"user_id":1,"product_name":"","product_price":-1,"product_images":["x"]}`: "product_images[0] must be an http or https URL, product_name must not be empty, product_price must not be negative",
		`{"user_id":1,"product_name":"a","product_price":1,"metadata":{"":"1"}}`:    "metadata",
		`{"user_id":77,"product_name":"a","product_price":1,"product_images":[]}`:   "user_id is not a known user",
	} {
		p := wantProblem(t, s.do(http.MethodPut, "/products/external/a", body), http.StatusUnprocessableEntity)
		for part := range strings.SplitSeq(want, ", ") {
			if !strings.Contains(reasons(p), part) {
				t.Errorf("%s: %s, want %s", body, reasons(p), part)
			}
		}
	}
	long := strings.Repeat("é", catalog.MaxExternalIDRunes)
	wantStatus(t, s.do(http.MethodPut, "/products/external/"+long, shoe), http.StatusCreated)
	p := wantProblem(t, s.do(http.MethodPut, "/products/external/"+long+"x", shoe), http.StatusUnprocessableEntity)
	if !strings.Contains(reasons(p), "external_id must have at most 200 characters") || p.Errors[0].Parameter == nil || p.Errors[0].Pointer != nil {
		t.Errorf("a long external id: %s", reasons(p))
	}
	for _, id := range []string{"%00", "%ff", "%20"} {
		wantStatus(t, s.do(http.MethodPut, "/products/external/"+id, shoe), http.StatusUnprocessableEntity)
	}
}

func reasons(p problem) string {
	var all []string
	for _, e := range p.Errors {
		all = append(all, e.Field+" "+e.Reason)
	}
	return strings.Join(all, ", ")
}

func productOf(t *testing.T, body []byte) (p wire.Product) {
	t.Helper()
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPutAtOnce: of many who send a product at once, one creates it.
func TestPutAtOnce(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			w := m.setup.do(http.MethodPut, "/products/external/SKU", `{"user_id":1,"product_name":"Lamp","product_price":1}`)
			mu.Lock()
			defer mu.Unlock()
			statuses[w.Code]++
		})
	}
	all.Wait()
	if statuses[http.StatusUnauthorized] != 8 {
		t.Fatalf("without a key: %v", statuses)
	}
	key := m.key(m.owner, "products:write").Secret
	clear(statuses)
	for range 8 {
		all.Go(func() {
			w := m.setup.do(http.MethodPut, "/products/external/SKU", `{"product_name":"Lamp","product_price":1}`, "Authorization", "Bearer "+key)
			mu.Lock()
			defer mu.Unlock()
			statuses[w.Code]++
		})
	}
	all.Wait()
	if statuses[http.StatusCreated] != 1 || statuses[http.StatusOK] != 7 {
		t.Errorf("answers: %v", statuses)
	}
}

// TestSentBack: a product that was read can be sent back, as it is or changed, by PATCH
// and by PUT, however its JSON is spelled; another value of a field that only the server
// sets is refused.
func TestSentBack(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	p := gallery()
	p.ExternalID = "SKU"
	s.store.Put(p)
	whole := s.do(http.MethodGet, "/products/7", "").Body.String()
	var indented map[string]any
	if err := json.Unmarshal([]byte(whole), &indented); err != nil {
		t.Fatal(err)
	}
	spelled, err := json.MarshalIndent(indented, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{whole, string(spelled)} {
		for _, to := range []struct{ method, path string }{{http.MethodPatch, "/products/7"}, {http.MethodPut, "/products/external/SKU"}} {
			w := s.do(to.method, to.path, strings.Replace(body, `"product_description":"Latest"`, `"product_description":"Newest"`, 1))
			wantStatus(t, w, http.StatusOK)
			s.store.Put(p)
		}
	}
	got := productOf(t, s.do(http.MethodPatch, "/products/7", whole).Body.Bytes())
	if got.Version != 12 || got.Revision != 35 || got.Images[4].Status != "pending" || got.Images[0].Status != "ready" {
		t.Errorf("sent back unchanged, which retries what has failed: version %d, revision %d, %+v", got.Version, got.Revision, got.Images[4])
	}
	s.store.Put(p)
	progressed := gallery()
	progressed.ExternalID, progressed.Revision = "SKU", 35
	progressed.Images[3].Status, progressed.Images[3].Rendition = catalog.Ready, progressed.Images[0].Rendition
	for _, to := range []struct{ method, path string }{{http.MethodPatch, "/products/7"}, {http.MethodPut, "/products/external/SKU"}} {
		s.store.Put(progressed)
		w := s.do(to.method, to.path, strings.Replace(whole, `"product_description":"Latest"`, `"product_description":"Newest"`, 1))
		wantStatus(t, w, http.StatusOK) // as it was read before an image became ready
		if got := productOf(t, w.Body.Bytes()); got.Description != "Newest" || got.Images[3].Status != "ready" {
			t.Errorf("sent back after progress: %+v", got)
		}
		w = s.do(to.method, to.path, whole) // now after an edit
		if p := wantProblem(t, w, http.StatusUnprocessableEntity); !strings.Contains(reasons(p), "version is set by the server") {
			t.Errorf("sent back after an edit: %s", reasons(p))
		}
	}
	s.store.Put(p)
	for field, change := range map[string][2]string{
		"images":                    {`"attempts":2`, `"attempts":3`},
		"compressed_product_images": {`aa/compressed.jpg","http`, `cc/compressed.jpg","http`},
		"version":                   {`"version":12`, `"version":11`},
		"revision":                  {`"revision":34`, `"revision":36`},
		"id":                        {`"id":7`, `"id":8`},
		"user_id":                   {`"user_id":1`, `"user_id":2`},
	} {
		changed := strings.Replace(whole, change[0], change[1], 1)
		if changed == whole {
			t.Fatalf("there is no %s", change[0])
		}
		p := wantProblem(t, s.do(http.MethodPatch, "/products/7", changed), http.StatusUnprocessableEntity)
		if len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("another %s: %+v", field, p.Errors)
		}
	}
}
