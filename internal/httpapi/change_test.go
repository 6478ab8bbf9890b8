package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

const lamp = `{"user_id":1,"product_name":"Lamp","product_description":"Bright","product_images":["https://example.com/a","https://example.com/b"],"product_price":9.5}`

const lampPatched = `{"id":101,"user_id":1,"product_name":%q,"product_description":%q,"product_images":%s,"compressed_product_images":[],"product_price":%s,"images":%s`

func TestPatch(t *testing.T) {
	t.Parallel()
	const (
		urls  = `["https://example.com/a","https://example.com/b"]`
		a     = `{"id":1,"source_url":"https://example.com/a","status":"pending","attempts":0}`
		b     = `{"id":2,"source_url":"https://example.com/b","status":"pending","attempts":0}`
		c     = `{"id":3,"source_url":"https://example.com/c","status":"pending","attempts":0}`
		unset = "[]"
	)
	both := "[" + a + "," + b + "]"
	for name, tc := range map[string]struct {
		patch, want string
		version     int64
	}{
		"nothing":        {`{}`, fmt.Sprintf(lampPatched, "Lamp", "Bright", urls, "9.5", both), 1},
		"the same":       {`{"product_name":"Lamp","product_price":"9.50"}`, fmt.Sprintf(lampPatched, "Lamp", "Bright", urls, "9.5", both), 1},
		"name":           {`{"product_name":"Torch"}`, fmt.Sprintf(lampPatched, "Torch", "Bright", urls, "9.5", both), 2},
		"price":          {`{"product_price":0.1}`, fmt.Sprintf(lampPatched, "Lamp", "Bright", urls, "0.1", both), 2},
		"no description": {`{"product_description":null}`, fmt.Sprintf(lampPatched, "Lamp", "", urls, "9.5", both), 2},
		"no images":      {`{"product_images":null}`, fmt.Sprintf(lampPatched, "Lamp", "Bright", unset, "9.5", unset), 2},
		"empty images":   {`{"product_images":[]}`, fmt.Sprintf(lampPatched, "Lamp", "Bright", unset, "9.5", unset), 2},
		"images": {
			`{"product_images":["https://example.com/c","https://example.com/a"]}`,
			fmt.Sprintf(lampPatched, "Lamp", "Bright", `["https://example.com/c","https://example.com/a"]`, "9.5", "["+c+","+a+"]"), 2,
		},
	} {
		for _, contentType := range []string{"application/merge-patch+json", "application/json"} {
			t.Run(name+" as "+contentType, func(t *testing.T) {
				t.Parallel()
				s := newSetup(t)
				path := s.create(lamp)
				s.do(http.MethodGet, path, "") // fills the cache
				w := s.do(http.MethodPatch, path, tc.patch, "Content-Type", contentType)
				wantStatus(t, w, http.StatusOK)
				want := fmt.Sprintf(`%s,"version":%d,"revision":%[2]d}`, tc.want, tc.version)
				wantBody(t, w, want)
				wantVersion(t, w, tc.version)
				w = s.do(http.MethodGet, path, "")
				wantBody(t, w, want)
				wantVersion(t, w, tc.version)
			})
		}
	}
}

func TestPatchRefusesFields(t *testing.T) {
	t.Parallel()
	for patch, want := range map[string][]string{
		`[]`:                                      {"body must be a JSON object"},
		`null`:                                    {"body must be a JSON object"},
		`{"product_name":null}`:                   {"product_name must not be null: every product has one"},
		`{"product_price":null}`:                  {"product_price must not be null: every product has one"},
		`{"product_name":""}`:                     {"product_name must not be empty"},
		`{"product_name":1}`:                      {"product_name must be a string, not a number"},
		`{"product_price":-1}`:                    {"product_price must not be negative"},
		`{"product_price":{}}`:                    {"product_price must be a number, not an object"},
		`{"product_images":[null]}`:               {"product_images[0] must be a string, not null"},
		`{"id":102,"user_id":2}`:                  {"id cannot be changed", "user_id cannot be changed"},
		`{"images":[]}`:                           {"images is set by the server"},
		`{"compressed_product_images":["x"]}`:     {"compressed_product_images is set by the server"},
		`{"version":3}`:                           {"version is set by the server"},
		`{"product_name":"a","product_name":"b"}`: {"product_name must be given only once"},
		`{"product_name":"","product_price":1.234,"product_images":["x"],"y":1}`: {
			"product_price must have at most 2 decimal places", "y is not a known field",
			"product_name must not be empty", "product_images[0] must be an http or https URL",
		},
	} {
		t.Run(patch, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			path := s.create(lamp)
			p := wantProblem(t, s.do(http.MethodPatch, path, patch), http.StatusUnprocessableEntity)
			if got := p.errors(); !slices.Equal(got, want) {
				t.Errorf("errors = %q, want %q", got, want)
			}
			wantVersion(t, s.do(http.MethodGet, path, ""), 1)
		})
	}
}

func TestPatchRefusesBodies(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body, contentType string
		status            int
	}{
		"empty":        {"", "application/json", 400},
		"malformed":    {`{"product_name":`, "application/json", 400},
		"broken UTF-8": {"{\"product_name\":\"\xff\"}", "application/json", 400},
		"too large":    {`{"product_name":"` + strings.Repeat("x", 1<<20) + `"}`, "application/json", 413},
		"JSON patch":   {`[]`, "application/json-patch+json", 415},
		"no type":      {`{}`, "", 415},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			path := s.create(lamp)
			w := s.do(http.MethodPatch, path, tc.body, "Content-Type", tc.contentType)
			wantProblem(t, w, tc.status)
			if tc.status == 415 {
				wantHeader(t, w, "Accept-Patch", "application/merge-patch+json, application/json")
			}
			wantVersion(t, s.do(http.MethodGet, path, ""), 1)
		})
	}
}

func TestChangePreconditions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		header, value string
		status        int // of a change that is otherwise fine; 0 for success
	}{
		{"If-Match", `"2"`, 0},
		{"If-Match", `"1", "2"`, 0},
		{"If-Match", `*`, 0},
		{"If-Match", `"1"`, 412},
		{"If-Match", `W/"2"`, 412},
		{"If-Match", `"x"`, 412},
		{"If-Match", `"99999999999999999999"`, 412},
		{"If-Match", `2`, 400},
		{"If-Match", `"2`, 400},
		{"If-Match", `*, "2"`, 400},
		{"If-Match", strings.Repeat(`"2",`, 101), 400},
		{"If-None-Match", `"1"`, 400},
		{"If-None-Match", `*`, 400},
	} {
		t.Run(tc.header+" "+tc.value[:min(len(tc.value), 20)], func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			path := s.create(lamp)
			wantStatus(t, s.do(http.MethodPatch, path, `{"product_price":1}`), http.StatusOK)
			patched := s.do(http.MethodPatch, path, `{"product_price":2}`, tc.header, tc.value)
			if tc.status == 0 {
				wantStatus(t, patched, http.StatusOK)
				wantVersion(t, patched, 3)
				if tc.value != "*" {
					tc.value = `"3"`
				}
				wantStatus(t, s.do(http.MethodDelete, path, "", tc.header, tc.value), http.StatusNoContent)
				return
			}
			wantProblem(t, patched, tc.status)
			wantProblem(t, s.do(http.MethodDelete, path, "", tc.header, tc.value), tc.status)
			wantVersion(t, s.do(http.MethodGet, path, ""), 2)
		})
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	path := s.create(lamp)
	s.do(http.MethodGet, path, "")
	s.do(http.MethodGet, "/products?user_id=1", "")
	w := s.do(http.MethodDelete, path, "")
	wantStatus(t, w, http.StatusNoContent)
	wantBody(t, w, "")
	wantProblem(t, s.do(http.MethodGet, path, ""), http.StatusNotFound)
	wantProblem(t, s.do(http.MethodDelete, path, ""), http.StatusNotFound)
	wantProblem(t, s.do(http.MethodPatch, path, "{}"), http.StatusNotFound)
	wantBody(t, s.do(http.MethodGet, "/products?user_id=1", ""), "[]")
}

// TestConcurrentPatches: protected changes of one version land once, and
// unprotected ones all.
func TestConcurrentPatches(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	path := s.create(lamp)
	patchAll := func(round string, headers ...string) map[int]int {
		var mu sync.Mutex
		var group sync.WaitGroup
		statuses := map[int]int{}
		for i := range 8 {
			group.Go(func() {
				w := s.do(http.MethodPatch, path, fmt.Sprintf(`{"product_name":"%s %d"}`, round, i), headers...)
				mu.Lock()
				defer mu.Unlock()
				statuses[w.Code]++
			})
		}
		group.Wait()
		return statuses
	}
	if got := patchAll("protected", "If-Match", `"1"`); got[200] != 1 || got[412] != 7 {
		t.Errorf("protected: %v, want one 200 and seven 412", got)
	}
	if got := patchAll("free"); got[200] != 8 {
		t.Errorf("unprotected: %v, want eight 200", got)
	}
	var product struct {
		Name string `json:"product_name"`
	}
	w := s.do(http.MethodGet, path, "")
	if err := json.Unmarshal(w.Body.Bytes(), &product); err != nil || !strings.HasPrefix(product.Name, "free") {
		t.Errorf("name = %q, %v", product.Name, err)
	}
	wantVersion(t, w, 10)
}
