package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
)

// gallery has an image in every state.
func gallery() catalog.Product {
	rendition := &catalog.Rendition{
		Key: "aa", SourceBytes: 250000, Width: 4000, Height: 3000, Placeholder: "data:image/webp;base64,AAAA",
		Compressed: catalog.Output{Key: "aa/compressed.jpg", Format: "jpeg", Width: 2048, Height: 1536, Bytes: 90000},
		Variants: []catalog.Output{
			{Key: "aa/w320.webp", Format: "webp", Width: 320, Height: 240, Bytes: 5000},
			{Key: "aa/w800.webp", Format: "webp", Width: 800, Height: 600, Bytes: 20000},
		},
	}
	small := &catalog.Rendition{
		Key: "bb", SourceBytes: 900, Width: 16, Height: 16, Placeholder: "data:image/webp;base64,BBBB",
		Compressed: catalog.Output{Key: "bb/compressed.webp", Format: "webp", Width: 16, Height: 16, Bytes: 300},
		Notes:      []catalog.Note{catalog.FirstFrameOnly},
	}
	old := &catalog.Problem{Reason: fault.SourceTimeout, Detail: "the host took too long"}
	return catalog.Product{
		ID: 7, UserID: 1, Name: "Smart & <phone>", Description: "Latest", Price: 99999, Version: 12, Revision: 34,
		Images: []catalog.Image{
			{ID: 1, SourceURL: "https://example.com/1.jpg?a=1&b=2", Status: catalog.Ready, Attempts: 2, Problem: old, Rendition: rendition},
			{ID: 2, SourceURL: "https://example.com/2.jpg", Status: catalog.Pending},
			{ID: 3, SourceURL: "https://example.com/3.jpg", Status: catalog.Pending, Attempts: 1, Problem: old},
			{ID: 4, SourceURL: "https://example.com/4.jpg", Status: catalog.Processing, Attempts: 1},
			{ID: 5, SourceURL: "https://example.com/5.jpg", Status: catalog.Failed, Attempts: 1, Problem: &catalog.Problem{Reason: fault.SourceNotFound, Detail: "the host answered 404"}},
			{ID: 6, SourceURL: "https://example.com/6.gif", Status: catalog.Ready, Attempts: 1, Rendition: small},
		},
	}
}

const galleryJSON = `{"id":7,"user_id":1,"product_name":"Smart & <phone>","product_description":"Latest",` +
	`"product_images":["https://example.com/1.jpg?a=1&b=2","https://example.com/2.jpg","https://example.com/3.jpg","https://example.com/4.jpg","https://example.com/5.jpg","https://example.com/6.gif"],` +
	`"compressed_product_images":["http://shop.test/images/aa/compressed.jpg","http://shop.test/images/bb/compressed.webp"],` +
	`"product_price":999.99,"images":[` +
	`{"id":1,"source_url":"https://example.com/1.jpg?a=1&b=2","status":"ready","attempts":2,"source_bytes":250000,"width":4000,"height":3000,"placeholder":"data:image/webp;base64,AAAA",` +
	`"compressed":{"url":"http://shop.test/images/aa/compressed.jpg","format":"jpeg","width":2048,"height":1536,"bytes":90000},` +
	`"variants":[{"url":"http://shop.test/images/aa/w320.webp","format":"webp","width":320,"height":240,"bytes":5000},{"url":"http://shop.test/images/aa/w800.webp","format":"webp","width":800,"height":600,"bytes":20000}],` +
	`"srcset":"http://shop.test/images/aa/w320.webp 320w, http://shop.test/images/aa/w800.webp 800w","html":"<picture><source type=\"image/webp\" srcset=\"http://shop.test/images/aa/w320.webp 320w, http://shop.test/images/aa/w800.webp 800w\" sizes=\"(max-width: 2048px) 100vw, 2048px\"><img src=\"http://shop.test/images/aa/compressed.jpg\" width=\"2048\" height=\"1536\" alt=\"\" loading=\"lazy\" decoding=\"async\" style=\"max-width:100%;height:auto;background:url(&#39;data:image/webp;base64,AAAA&#39;) center/cover no-repeat\"></picture>"},` +
	`{"id":2,"source_url":"https://example.com/2.jpg","status":"pending","attempts":0},` +
	`{"id":3,"source_url":"https://example.com/3.jpg","status":"pending","attempts":1,"reason":{"code":"source_timeout","detail":"the host took too long","retryable":true}},` +
	`{"id":4,"source_url":"https://example.com/4.jpg","status":"processing","attempts":1},` +
	`{"id":5,"source_url":"https://example.com/5.jpg","status":"failed","attempts":1,"reason":{"code":"source_not_found","detail":"the host answered 404","retryable":false}},` +
	`{"id":6,"source_url":"https://example.com/6.gif","status":"ready","attempts":1,"source_bytes":900,"width":16,"height":16,"placeholder":"data:image/webp;base64,BBBB",` +
	`"compressed":{"url":"http://shop.test/images/bb/compressed.webp","format":"webp","width":16,"height":16,"bytes":300},"variants":[],"notes":[{"code":"first_frame_only","detail":"The source is animated; only its first frame is shown."}],` +
	`"html":"<picture><img src=\"http://shop.test/images/bb/compressed.webp\" width=\"16\" height=\"16\" alt=\"\" loading=\"lazy\" decoding=\"async\" style=\"max-width:100%;height:auto;background:url(&#39;data:image/webp;base64,BBBB&#39;) center/cover no-repeat\"></picture>"}],"version":12,"revision":34}`

func TestGet(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.store.Put(gallery())
	for range 2 { // from the store, then from the cache
		w := s.do(http.MethodGet, "/products/7", "")
		wantStatus(t, w, http.StatusOK)
		wantBody(t, w, galleryJSON)
		wantHeader(t, w, "Content-Type", "application/json")
		wantHeader(t, w, "Content-Length", strconv.Itoa(len(galleryJSON)+1))
		wantVersion(t, w, 12)
		if tag := w.Header().Get("ETag"); !strings.HasPrefix(tag, `"12.34.`) {
			t.Errorf("ETag = %s, want version 12 and revision 34", tag)
		}
		wantHeader(t, w, "Cache-Control", "no-cache")
	}
	if got := s.store.Reads(); got != 1 {
		t.Errorf("%d reads of the store, want 1", got)
	}
}

func TestGetRefuses(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	for path, status := range map[string]int{
		"/products/999":                  404,
		"/products/9007199254740991":     404,
		"/products/9007199254740992":     422,
		"/products/99999999999999999999": 422,
		"/products/0":                    422,
		"/products/-1":                   422,
		"/products/+1":                   422,
		"/products/007":                  422,
		"/products/1.0":                  422,
		"/products/1e3":                  422,
		"/products/abc":                  422,
		"/products/%00":                  422,
		"/products/%ff":                  422,
		"/products/%D9%A1":               422,
		"/products/1/pictures":           404,
		"/products/":                     404,
		"/":                              404,
		"/nothing":                       404,
		"/PRODUCTS":                      404,
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodDelete} {
			p := wantProblem(t, s.do(method, path, "{}"), status)
			if status == 422 && (len(p.Errors) != 1 || p.Errors[0].Field != "id" || p.Errors[0].Reason != "must be an integer from 1 to 9007199254740991") {
				t.Errorf("%s %s: errors = %v", method, path, p.Errors)
			}
		}
	}
}

func TestGetConditional(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.store.Put(gallery())
	tag := s.do(http.MethodGet, "/products/7", "").Header().Get("ETag")
	other := strings.Replace(tag, ".34.", ".34.x", 1) // of a process that writes other URLs
	before := strings.Replace(tag, ".34.", ".33.", 1) // an image was not as far
	for _, tc := range []struct {
		header, value string
		status        int
	}{
		{"If-None-Match", tag, 304},
		{"If-None-Match", "W/" + tag, 304},
		{"If-None-Match", `"11", W/` + tag, 304},
		{"If-None-Match", `,"11" ,, ` + tag + `,`, 304},
		{"If-None-Match", `*`, 304},
		{"If-None-Match", other, 200},
		{"If-None-Match", before, 200},
		{"If-None-Match", `"12.34"`, 200},
		{"If-None-Match", `"12.34."`, 200},
		{"If-None-Match", `"12"`, 200},
		{"If-None-Match", `"12."`, 200},
		{"If-None-Match", `"11"`, 200},
		{"If-None-Match", `12`, 200},
		{"If-None-Match", `"12`, 200},
		{"If-None-Match", `"11" ` + tag, 200},
		{"If-None-Match", `w/` + tag, 200},
		{"If-Match", tag, 200},
		{"If-Match", other, 200},
		{"If-Match", before, 200},
		{"If-Match", `"12.33"`, 200},
		{"If-Match", `"34.12"`, 412},
		{"If-Match", `"12"`, 200},
		{"If-Match", `*`, 200},
		{"If-Match", `"11", ` + tag, 200},
		{"If-Match", "W/" + tag, 412},
		{"If-Match", `"11"`, 412},
		{"If-Match", `"11.12"`, 412},
		{"If-Match", `"012"`, 412},
		{"If-Match", `".12"`, 412},
		{"If-Match", `"12x"`, 412},
		{"If-Match", `"` + `"`, 412},
		{"If-Match", `12`, 400},
		{"If-Match", ` `, 400},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := s.do(method, "/products/7", "", tc.header, tc.value)
			if w.Code != tc.status {
				t.Errorf("%s with %s: %s = %d, want %d", method, tc.header, tc.value, w.Code, tc.status)
			}
			if w.Code == 304 {
				wantHeader(t, w, "ETag", tag)
				wantBody(t, w, "")
			}
			if w.Code >= 400 {
				wantProblem(t, w, tc.status)
				wantHeader(t, w, "ETag", "")
			}
		}
	}
}

func TestHeadOverTheWire(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.store.Put(gallery())
	tag := s.do(http.MethodGet, "/products/7", "").Header().Get("ETag")
	server := httptest.NewServer(s.handler)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+"/products/7", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ContentLength != int64(len(galleryJSON)+1) || resp.Header.Get("Etag") != tag {
		t.Errorf("HEAD = %d, %d bytes, %q", resp.StatusCode, resp.ContentLength, resp.Header.Get("Etag"))
	}
}

func TestInternalErrorsStayInside(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.store.Fail(errTest)
	w := s.do(http.MethodGet, "/products/7", "", "X-Request-Id", "find-me")
	p := wantProblem(t, w, http.StatusInternalServerError)
	if p.Detail != "something went wrong on our side" || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("body = %s", w.Body)
	}
	lines := s.logs.lines(t, "request failed")
	if len(lines) != 1 || lines[0]["level"] != "ERROR" || lines[0]["request_id"] != "find-me" ||
		lines[0]["error"] != "get product 7: load product 7: secret of the database" {
		t.Errorf("log = %v", lines)
	}
}
