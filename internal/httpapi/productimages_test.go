package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/httpapi/wire"
)

func imageOf(t *testing.T, body []byte) (img wire.CurrentImage) {
	t.Helper()
	if err := json.Unmarshal(body, &img); err != nil {
		t.Fatal(err)
	}
	return img
}

// TestImagesOfAProduct adds, changes, moves, lists and removes images.
func TestImagesOfAProduct(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	path := s.create(lamp)
	urls := func() string {
		t.Helper()
		w := s.do(http.MethodGet, path+"/images", "")
		wantStatus(t, w, http.StatusOK)
		var page wire.Page[wire.Image]
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || page.NextCursor != "" {
			t.Fatalf("%s: %v", w.Body, err)
		}
		var list []string
		for i, img := range page.Data {
			list = append(list, strings.TrimPrefix(img.SourceURL, "https://example.com/")+img.Alt)
			if one := imageOf(t, s.do(http.MethodGet, fmt.Sprintf("%s/images/%d", path, img.ID), "").Body.Bytes()); one.Position != i || one.Alt != img.Alt {
				t.Errorf("image %d is %+v, and listed %+v", i, one, img)
			}
		}
		return strings.Join(list, " ")
	}
	add := func(body string, headers ...string) (string, wire.CurrentImage) {
		t.Helper()
		w := s.do(http.MethodPost, path+"/images", body, headers...)
		wantStatus(t, w, http.StatusCreated)
		img := imageOf(t, w.Body.Bytes())
		if img.Status != "pending" || img.CreatedAt.IsZero() || w.Header().Get("Location") != fmt.Sprintf("%s/images/%d", path, img.ID) {
			t.Errorf("added %+v at %s", img, w.Header().Get("Location"))
		}
		return w.Header().Get("ETag"), img
	}
	tag, c := add(`{"source_url":" https://example.com/x/../c\n","alt":"!"}`)
	if got := urls(); got != "a b c!" || c.Position != 2 {
		t.Fatalf("images are %s, added at %d", got, c.Position)
	}
	if _, d := add(`{"source_url":"https://example.com/d","position":0,"alt":null}`, "If-Match", tag); d.Position != 0 || urls() != "d a b c!" {
		t.Fatalf("images are %s", urls())
	}
	wantStatus(t, s.do(http.MethodPost, path+"/images", `{"source_url":"https://example.com/e"}`, "If-Match", tag), http.StatusPreconditionFailed)

	of := fmt.Sprintf("%s/images/%d", path, c.ID)
	w := s.do(http.MethodPatch, of, `{"position":1,"alt":"?"}`)
	wantStatus(t, w, http.StatusOK)
	if img := imageOf(t, w.Body.Bytes()); img.Position != 1 || img.Alt != "?" || img.ID != c.ID || urls() != "d c? a b" {
		t.Errorf("moved %+v among %s", img, urls())
	}
	same := s.do(http.MethodPatch, of, w.Body.String()) // as it was read
	wantStatus(t, same, http.StatusOK)
	if same.Header().Get("ETag") != w.Header().Get("ETag") {
		t.Errorf("sent back unchanged: %s became %s", w.Header().Get("ETag"), same.Header().Get("ETag"))
	}
	wantStatus(t, s.do(http.MethodPatch, of, `{"alt":null}`, "Content-Type", "application/merge-patch+json", "If-Match", w.Header().Get("ETag")), http.StatusOK)
	if got := urls(); got != "d c a b" {
		t.Errorf("without alt: %s", got)
	}
	wantStatus(t, s.do(http.MethodPatch, of, `{}`, "If-Match", tag), http.StatusPreconditionFailed)
	wantStatus(t, s.do(http.MethodDelete, of, "", "If-Match", w.Header().Get("ETag")), http.StatusPreconditionFailed)
	wantStatus(t, s.do(http.MethodDelete, of, ""), http.StatusNoContent)
	for _, method := range []string{http.MethodGet, http.MethodPatch, http.MethodDelete} {
		wantStatus(t, s.do(method, of, "{}"), http.StatusNotFound)
	}
	if got := urls(); got != "d a b" {
		t.Errorf("one was removed: %s", got)
	}
	p := productOf(t, s.do(http.MethodGet, path, "").Body.Bytes())
	if p.Version != 6 || strings.Join(p.ImageURLs, " ") != "https://example.com/d https://example.com/a https://example.com/b" {
		t.Errorf("the product is %+v", p)
	}
}

func TestImagesOfAProductRefused(t *testing.T) {
	t.Parallel()
	s := newDeadSetup(t)
	path := s.create(lamp)
	image := fmt.Sprintf("%s/images/%d", path, productOf(t, s.do(http.MethodGet, path, "").Body.Bytes()).Images[0].ID)
	long := strings.Repeat("é", catalog.MaxAltRunes)
	wantStatus(t, s.do(http.MethodPatch, image, `{"alt":"`+long+`"}`), http.StatusOK)
	for _, tc := range []struct{ method, path, body, want string }{
		{"POST", path + "/images", `{}`, "source_url is required"},
		{"POST", path + "/images", `{"source_url":null}`, "source_url must not be null"},
		{"POST", path + "/images", `{"source_url":"ftp://a/"}`, "source_url must be an http or https URL"},
		{"POST", path + "/images", `{"source_url":"https://a/","alt":"` + long + `x"}`, "alt must have at most 1000 characters"},
		{"POST", path + "/images", `{"source_url":"https://a/","alt":"\u0000"}`, "alt must not contain a NUL character"},
		{"POST", path + "/images", `{"source_url":"https://a/","position":3}`, "position must be an integer from 0 to 2"},
		{"POST", path + "/images", `{"source_url":"https://a/","position":-1}`, "position must be an integer from 0 to 49"},
		{"POST", path + "/images", `{"source_url":"https://a/","position":99999999999999999999}`, "position must be an integer from 0 to 49"},
		{"POST", path + "/images", `{"source_url":"https://a/","position":1.5}`, "position must be an integer"},
		{"POST", path + "/images", `{"source_url":"https://a/","id":1,"x":2}`, "id is set by the server, x is not a known field"},
		{"PATCH", image, `{"position":2}`, "position must be an integer from 0 to 1"},
		{"PATCH", image, `{"position":null}`, "position must not be null"},
		{"PATCH", image, `{"source_url":"https://example.com/other"}`, "source_url cannot be changed"},
		{"PATCH", image, `{"status":"ready"}`, "status is set by the server"},
		{"PATCH", image, `{"alt":1}`, "alt must be a string, not a number"},
		{"PATCH", path + "/images/x", `{}`, "image_id must be an integer"},
	} {
		if p := wantProblem(t, s.do(tc.method, tc.path, tc.body), http.StatusUnprocessableEntity); !strings.Contains(reasons(p), tc.want) {
			t.Errorf("%s %s %.60s: %s, want %s", tc.method, tc.path, tc.body, reasons(p), tc.want)
		}
	}
	for range catalog.MaxImages - 2 {
		wantStatus(t, s.do(http.MethodPost, path+"/images", `{"source_url":"https://example.com/more"}`), http.StatusCreated)
	}
	p := wantProblem(t, s.do(http.MethodPost, path+"/images", `{"source_url":"https://example.com/more"}`), http.StatusUnprocessableEntity)
	if !strings.Contains(reasons(p), "source_url cannot be added: the product has 50 images, which is the most") {
		t.Errorf("one more: %s", reasons(p))
	}
	wantStatus(t, s.do(http.MethodGet, "/products/4711/images", ""), http.StatusNotFound)
	wantStatus(t, s.do(http.MethodPost, "/products/4711/images", `{"source_url":"https://a/"}`), http.StatusNotFound)
	wantStatus(t, s.do(http.MethodPost, path+"/images", `{"source_url":"https://a/"}`, "Content-Type", "text/plain"), http.StatusUnsupportedMediaType)
}
