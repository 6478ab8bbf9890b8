package httpapi_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/monitor"
)

const golden = "../../docs/openapi.yaml"

var update = flag.Bool("update", false, "rewrite docs/openapi.yaml")

func TestDescription(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	w := s.do(http.MethodGet, "/openapi.yaml", "")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Content-Type", "application/openapi+yaml")
	if *update {
		if err := os.WriteFile(golden, w.Body.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if w.Body.String() != string(want) {
		t.Error("docs/openapi.yaml is not the description that is served; go test ./internal/httpapi -run TestDescription -update writes it")
	}
	w = s.do(http.MethodGet, "/openapi.json", "")
	wantStatus(t, w, http.StatusOK)
	wantHeader(t, w, "Content-Type", "application/openapi+json")
	if !json.Valid(w.Body.Bytes()) {
		t.Error("/openapi.json is not JSON")
	}
}

type (
	operation struct {
		OperationID string            `json:"operationId"`
		Responses   map[string]answer `json:"responses"`
	}
	answer struct {
		Ref     string `json:"$ref"`
		Content map[string]struct {
			Schema json.RawMessage `json:"schema"`
		} `json:"content"`
	}
)

// schemas reads the served description back, so that what a client sees is
// what answers are held against.
type schemas struct {
	t     *testing.T
	paths map[string]map[string]operation
	named map[string]answer
	types huma.Registry
}

func readSchemas(t *testing.T, s *setup) *schemas {
	t.Helper()
	var doc struct {
		Paths      map[string]map[string]operation `json:"paths"`
		Components struct {
			Schemas   map[string]json.RawMessage `json:"schemas"`
			Responses map[string]answer          `json:"responses"`
		} `json:"components"`
	}
	if err := json.Unmarshal(s.do(http.MethodGet, "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	types := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	for name, raw := range doc.Components.Schemas {
		if slices.Contains([]string{"NewProduct", "BulkProduct", "BulkProducts", "ProductPatch", "SentProduct", "NewImage", "ImagePatch", "DeadOrder", "DeadSelection", "NewUser", "UserPatch", "NewKey", "Rotation", "NewWebhook", "WebhookPatch", "SecretRotation", "TestEvent", "EventRange", "RefreshOrder", "RefreshSelection"}, name) {
			continue // no answer has them
		}
		types.Map()[name] = parseSchema(t, raw)
	}
	return &schemas{t: t, paths: doc.Paths, named: doc.Components.Responses, types: types}
}

// parseSchema reads a schema; its JSON names are those of the struct's fields
// in all but case, "$ref" aside.
func parseSchema(t *testing.T, raw json.RawMessage) *huma.Schema {
	t.Helper()
	var schema huma.Schema
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(raw), `"$ref"`, `"ref"`)), &schema); err != nil {
		t.Fatalf("schema %s: %v", raw, err)
	}
	prepare(&schema)
	return &schema
}

func prepare(s *huma.Schema) {
	if s == nil {
		return
	}
	if extra, ok := s.AdditionalProperties.(map[string]any); ok {
		ref, _ := extra["ref"].(string) // the only form in use
		s.AdditionalProperties = &huma.Schema{Ref: ref}
	}
	prepare(s.Items)
	for _, p := range s.Properties {
		prepare(p)
	}
	s.PrecomputeMessages()
}

// check holds an answer against the description.
func (s *schemas) check(route, method string, w *httptest.ResponseRecorder) {
	s.t.Helper()
	response, ok := s.paths[route][strings.ToLower(method)].Responses[strconv.Itoa(w.Code)]
	if !ok {
		s.t.Errorf("%s %s: status %d is not described", method, route, w.Code)
		return
	}
	if response.Ref != "" {
		response = s.named[path.Base(response.Ref)]
	}
	content, ok := response.Content[w.Header().Get("Content-Type")]
	if !ok {
		if w.Body.Len() > 0 {
			s.t.Errorf("%s %s %d: content type %q is not described", method, route, w.Code, w.Header().Get("Content-Type"))
		}
		return
	}
	var value any
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		s.t.Fatal(err)
	}
	var result huma.ValidateResult
	huma.Validate(s.types, parseSchema(s.t, content.Schema), huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, &result)
	for _, err := range result.Errors {
		s.t.Errorf("%s %s %d: %v", method, route, w.Code, err)
	}
}

func TestAnswersMatchDescription(t *testing.T) {
	t.Parallel()
	s := newSetup(t, monitor.Part{Name: "database", Need: monitor.Reads, Ping: up})
	s.store.Put(gallery())
	d := readSchemas(t, s)
	const products, one = "/products", "/products/{id}"
	d.check(products, "POST", s.do("POST", "/products", smartphone))
	d.check(products, "POST", s.do("POST", "/products", "{}"))
	d.check(products, "POST", s.do("POST", "/products", "{"))
	d.check(products, "POST", s.do("POST", "/products", "{}", "Content-Type", "text/plain"))
	d.check(products, "POST", s.do("POST", "/products", strings.Repeat("x", 1<<21)))
	d.check(products, "GET", s.do("GET", "/products?user_id=1", ""))
	d.check(products, "GET", s.do("GET", "/products?user_id=77", ""))
	d.check(products, "GET", s.do("GET", "/products?limit=0", ""))
	d.check(one, "GET", s.do("GET", "/products/7", ""))
	d.check(one, "GET", s.do("GET", "/products/101", ""))
	d.check(one, "GET", s.do("GET", "/products/7", "", "If-None-Match", "*"))
	d.check(one, "GET", s.do("GET", "/products/7", "", "If-Match", `"1"`))
	d.check(one, "GET", s.do("GET", "/products/x", ""))
	d.check(one, "GET", s.do("GET", "/products/999", ""))
	d.check(one, "PATCH", s.do("PATCH", "/products/101", `{"product_price":1}`))
	d.check(one, "PATCH", s.do("PATCH", "/products/101", `{}`, "If-Match", `"7"`))
	d.check(one, "DELETE", s.do("DELETE", "/products/101", "", "If-Match", `x`))
	d.check(one, "DELETE", s.do("DELETE", "/products/101", ""))
	d.check("/healthz", "GET", s.do("GET", "/healthz", ""))
	d.check("/readyz", "GET", s.do("GET", "/readyz", ""))
	d.check("/images/{key}", "GET", s.do("GET", "/images/none", ""))
	s.store.Fail(errTest)
	d.check(one, "GET", s.do("GET", "/products/8", ""))
}

// TestDescriptionHoldsWrongAnswers makes sure that the check above can fail.
func TestDescriptionHoldsWrongAnswers(t *testing.T) {
	t.Parallel()
	d := readSchemas(t, newSetup(t))
	schema := d.types.Map()["Product"]
	for _, wrong := range []string{`{}`, `[]`, strings.Replace(galleryJSON, `"id":7`, `"id":"7"`, 1), strings.Replace(galleryJSON, `"status":"ready"`, `"status":"done"`, 1)} {
		var value any
		if err := json.Unmarshal([]byte(wrong), &value); err != nil {
			t.Fatal(err)
		}
		var result huma.ValidateResult
		huma.Validate(d.types, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, value, &result)
		if len(result.Errors) == 0 {
			t.Errorf("passed: %.80s", wrong)
		}
	}
}

// TestEveryRouteIsDescribed: what the mux serves and what the description says
// are one table, so a new route cannot be forgotten.
func TestEveryRouteIsDescribed(t *testing.T) {
	t.Parallel()
	d := readSchemas(t, newSetup(t))
	got := map[string][]string{}
	for path, methods := range d.paths {
		for _, m := range []string{"delete", "get", "patch", "post", "put"} {
			if op, ok := methods[m]; ok && op.OperationID != "" {
				got[path] = append(got[path], m)
			}
		}
	}
	want := map[string][]string{
		"/products": {"get", "post"}, "/products/{id}": {"delete", "get", "patch"}, "/images/{key}": {"get"},
		"/imports": {"get", "post"}, "/imports/{id}": {"get"}, "/imports/{id}/results": {"get"}, "/imports/{id}/pause": {"post"}, "/imports/{id}/resume": {"post"}, "/imports/{id}/cancel": {"post"},
		"/images/refresh": {"post"}, "/images/refresh/{id}": {"get"}, "/images/refresh/{id}/abort": {"post"},
		"/healthz": {"get"}, "/readyz": {"get"},
		"/products/{id}/images/{image_id}/replay": {"post"}, "/products/{id}/images/{image_id}/refresh": {"post"}, "/products/{id}/images/{image_id}/source": {"get"}, "/uploads": {"post"}, "/uploads/{id}": {"get"}, "/uploads/{id}/complete": {"post"}, "/uploads/{id}/content": {"put"}, "/dead-letters": {"get"}, "/dead-letters/summary": {"get"}, "/exports": {"get"},
		"/products/{id}/images": {"get", "post"}, "/products/{id}/images/{image_id}": {"delete", "get", "patch"}, "/products/{id}/images/{image_id}/attempts": {"get"}, "/products/external/{external_id}": {"put"}, "/products/bulk": {"post"}, "/queue": {"get"}, "/queue/history": {"get"}, "/hosts": {"get"}, "/findings": {"get"}, "/consistency": {"get"},
		"/events": {"get"}, "/products/{id}/events": {"get"}, "/events/token": {"post"},
		"/webhooks": {"get", "post"}, "/webhooks/{id}": {"delete", "get", "patch"}, "/webhooks/{id}/test": {"post"}, "/webhooks/{id}/rotate-secret": {"post"},
		"/webhooks/{id}/redeliver": {"post"}, "/webhooks/{id}/deliveries": {"get"}, "/webhooks/{id}/deliveries/{delivery_id}/redeliver": {"post"},
		"/users": {"get", "post"}, "/users/{id}": {"delete", "get", "patch"}, "/users/{id}/erasure": {"get"}, "/audit": {"get"},
		"/keys": {"get", "post"}, "/keys/{id}": {"delete", "get"}, "/keys/{id}/rotate": {"post"},
		"/dead-letters/replay": {"post"}, "/dead-letters/discard": {"post"}, "/dead-letters/jobs": {"get"},
		"/dead-letters/jobs/{id}": {"get"}, "/dead-letters/jobs/{id}/abort": {"post"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("described: %v, want %v", got, want)
	}
}

func TestDeadLetterAnswersMatchDescription(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	product, images := s.fail("source_timeout", "a.example", 2)
	s.unreadable("m", []byte("x"))
	d := readSchemas(t, s.setup)
	const list, replay, discard, jobs = "/dead-letters", "/dead-letters/replay", "/dead-letters/discard", "/dead-letters/jobs"
	d.check(list, "GET", s.do("GET", list, ""))
	d.check(list, "GET", s.do("GET", list+"?limit=x", ""))
	d.check(replay, "POST", s.do("POST", replay, `{"ids":["image-999"]}`))
	d.check(replay, "POST", s.do("POST", replay, `{}`))
	d.check(discard, "POST", s.do("POST", discard, `{"all":true,"dry_run":true}`))
	d.check(replay, "POST", s.do("POST", replay, `{"filter":{"host":"a.example"},"rate":1}`))
	d.check(jobs, "GET", s.do("GET", jobs, ""))
	d.check(jobs+"/{id}", "GET", s.do("GET", jobs+"/1", ""))
	d.check(jobs+"/{id}", "GET", s.do("GET", jobs+"/2", ""))
	d.check(jobs+"/{id}/abort", "POST", s.do("POST", jobs+"/1/abort", ""))
	const one = "/products/{id}/images/{image_id}/replay"
	path := fmt.Sprintf("/products/%d/images/%d/replay", product, images[0])
	d.check(one, "POST", s.do("POST", path, ""))
	d.check(one, "POST", s.do("POST", path, ""))
}
