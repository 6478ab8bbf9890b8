package httpapi_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/responses"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"

	"vitrine.dev/internal/httpapi"
)

// TestMain also says which of the described answers no test has produced, where
// all tests have run.
func TestMain(m *testing.M) {
	flag.Parse()
	described() // before any test measures its own memory
	code := m.Run()
	if code == 0 && allTestsRan() {
		if missing := described().missing(); len(missing) > 0 {
			fmt.Printf("contract: %d answers are described and produced by no test:\n%s\n", len(missing), strings.Join(missing, "\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// allTestsRan reports whether no flag has left tests out.
func allTestsRan() bool {
	all := !testing.Short()
	flag.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "test.run", "test.skip", "test.list", "test.fuzz", "test.fuzzworker", "test.bench":
			all = all && (f.Value.String() == "" || f.Value.String() == "false")
		}
	})
	return all
}

// described is the contract of all tests of the process: to read the description
// costs more than to hold an answer against it.
var described = sync.OnceValue(func() *contract {
	c, err := newContract()
	if err != nil {
		panic(err)
	}
	return c
})

// contract is the description as a client reads it, and which of its answers
// were produced.
type contract struct {
	paths  map[string]*v3.PathItem // by pattern of mux
	mux    *http.ServeMux
	bodies responses.ResponseBodyValidator

	mu       sync.Mutex // of what is below, and of bodies
	produced map[string]bool
}

func newContract() (*contract, error) {
	w := httptest.NewRecorder()
	h := httpapi.New(httpapi.Deps{URL: imageURL, Log: slog.New(slog.DiscardHandler)})
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", http.NoBody)) //nolint:noctx // of no test
	document, err := libopenapi.NewDocument(w.Body.Bytes())
	if err != nil {
		return nil, err
	}
	model, err := document.BuildV3Model()
	if err != nil {
		return nil, err
	}
	c := &contract{
		paths: make(map[string]*v3.PathItem), mux: http.NewServeMux(), produced: make(map[string]bool),
		bodies: responses.NewResponseBodyValidator(&model.Model, config.WithFormatAssertions(), config.WithContentAssertions()),
	}
	for name, item := range model.Model.Paths.PathItems.FromOldest() {
		pattern := strings.ReplaceAll(name, "{key}", "{key...}") // which OpenAPI cannot say
		c.paths[pattern] = item
		for method := range item.GetOperations().KeysFromOldest() {
			c.mux.Handle(strings.ToUpper(method)+" "+pattern, http.NotFoundHandler())
		}
	}
	return c, nil
}

// check returns what is wrong with the answer. Answers of what is not described
// are not looked at.
func (c *contract) check(r *http.Request, status int, header http.Header, body []byte) (wrong []string) {
	if p := r.URL.EscapedPath(); p == "" || path.Clean(p) != p {
		return nil
	}
	_, route := c.mux.Handler(r)
	_, pattern, _ := strings.Cut(route, " ")
	item, found := c.paths[pattern]
	if !found {
		return nil
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	op := item.GetOperations().GetOrZero(strings.ToLower(method))
	if op == nil || method != strings.ToUpper(method) { // methods are case-sensitive
		return nil
	}
	code := strconv.Itoa(status)
	response := op.Responses.Codes.GetOrZero(code)
	switch {
	case response == nil:
		return []string{"status " + code + " is not described"}
	case r.Method == http.MethodHead:
		return nil
	case orderedmap.Len(response.Content) == 0 && len(body) > 0:
		wrong = append(wrong, "has a body where none is described")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.produced[method+" "+pattern+" "+code] = true
	if response.Content != nil && response.Content.GetOrZero("image/*") != nil && strings.HasPrefix(header.Get("Content-Type"), "image/") {
		return wrong
	}
	parts := [][]byte{body}
	if header.Get("Content-Type") == "application/x-ndjson" { // the schema is of a line
		parts = slices.Collect(bytes.Lines(body))
	}
	for _, part := range parts {
		_, errs := c.bodies.ValidateResponseBodyWithPathItem(r, &http.Response{
			StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(part)), ContentLength: int64(len(part)), Request: r,
		}, item, pattern)
		for _, err := range errs {
			wrong = append(wrong, err.Error())
			for _, detail := range err.SchemaValidationErrors {
				wrong = append(wrong, detail.FieldPath+": "+detail.Reason)
			}
		}
	}
	return wrong
}

// missing are the described answers that were not produced.
func (c *contract) missing() (list []string) {
	for pattern, item := range c.paths {
		for method, op := range item.GetOperations().FromOldest() {
			for code := range op.Responses.Codes.KeysFromOldest() {
				if name := strings.ToUpper(method) + " " + pattern + " " + code; !c.produced[name] {
					list = append(list, name)
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

// newAPI is httpapi.New, each of whose answers is held against the description.
func newAPI(t *testing.T, deps httpapi.Deps) http.Handler {
	t.Helper()
	if deps.Signing == nil {
		deps.Signing = newSigning()
	}
	h, c := httpapi.New(deps), described()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		copied := &answerCopy{ResponseWriter: w}
		h.ServeHTTP(copied, r)
		for _, wrong := range c.check(r, copied.status, w.Header(), copied.body.Bytes()) {
			t.Errorf("%s %s %d: not as described: %s", r.Method, r.URL, copied.status, wrong)
		}
	})
}

// answerCopy keeps what is written.
type answerCopy struct {
	http.ResponseWriter

	status int
	body   bytes.Buffer
}

func (a *answerCopy) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answerCopy) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	a.body.Write(b)
	return a.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (a *answerCopy) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// TestContractHoldsWrongAnswers makes sure that the check can fail.
func TestContractHoldsWrongAnswers(t *testing.T) {
	t.Parallel()
	c, err := newContract() // so that nothing counts as produced
	if err != nil {
		t.Fatal(err)
	}
	right := galleryJSON
	for name, tt := range map[string]struct {
		status            int
		contentType, body string
	}{
		"status":             {http.StatusTeapot, "application/json", right},
		"media type":         {http.StatusOK, "text/html", right},
		"problem as product": {http.StatusOK, "application/problem+json", right},
		"syntax":             {http.StatusOK, "application/json", right[1:]},
		"empty":              {http.StatusOK, "application/json", `{}`},
		"array":              {http.StatusOK, "application/json", `[]`},
		"type of a field":    {http.StatusOK, "application/json", strings.Replace(right, `"id":7`, `"id":"7"`, 1)},
		"unknown status":     {http.StatusOK, "application/json", strings.Replace(right, `"status":"ready"`, `"status":"done"`, 1)},
		"new field":          {http.StatusOK, "application/json", strings.Replace(right, `"id":7`, `"id":7,"extra":1`, 1)},
		"body of a 304":      {http.StatusNotModified, "application/json", right},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/products/7", http.NoBody)
		if wrong := c.check(r, tt.status, http.Header{"Content-Type": {tt.contentType}}, []byte(tt.body)); len(wrong) == 0 {
			t.Errorf("%s: passed", name)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/products/7", http.NoBody)
	if wrong := c.check(r, http.StatusOK, http.Header{"Content-Type": {"application/json"}}, []byte(right)); len(wrong) > 0 {
		t.Errorf("the answer as it is: %s", wrong)
	}
	if n := len(c.missing()); n < 50 {
		t.Errorf("%d answers are missing where one was produced", n)
	}
}
