package httpapi_test

import (
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/fault"
)

const (
	imageKey  = "aa/w320.webp"
	imagePath = "/images/" + imageKey
	imageBody = "0123456789"
)

func newImageSetup(t *testing.T, opaque bool) *setup {
	t.Helper()
	s := newSetup(t)
	s.images.objects, s.images.opaque = map[string]string{imageKey: imageBody}, opaque
	return s
}

func TestImage(t *testing.T) {
	t.Parallel()
	for _, opaque := range []bool{false, true} {
		s := newImageSetup(t, opaque)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := s.do(method, imagePath, "")
			wantStatus(t, w, http.StatusOK)
			wantHeader(t, w, "Content-Type", "image/webp")
			wantHeader(t, w, "Content-Length", "10")
			wantHeader(t, w, "Cache-Control", "public, max-age=31536000, immutable")
			wantHeader(t, w, "ETag", `"aa/w320.webp"`)
			wantHeader(t, w, "Last-Modified", "Mon, 23 Nov 2026 01:02:03 GMT")
			wantHeader(t, w, "X-Content-Type-Options", "nosniff")
			if method == http.MethodGet {
				wantBody(t, w, imageBody)
			}
			w = s.do(method, imagePath, "", "If-None-Match", `"x", W/"aa/w320.webp"`)
			wantStatus(t, w, http.StatusNotModified)
			wantHeader(t, w, "ETag", `"aa/w320.webp"`)
			wantBody(t, w, "")
		}
	}
}

func TestImageRange(t *testing.T) {
	t.Parallel()
	s := newImageSetup(t, false)
	w := s.do(http.MethodGet, imagePath, "", "Range", "bytes=2-4")
	wantStatus(t, w, http.StatusPartialContent)
	wantBody(t, w, "234")
	wantHeader(t, w, "Content-Range", "bytes 2-4/10")

	w = s.do(http.MethodGet, imagePath, "", "Range", "bytes=20-")
	wantProblem(t, w, http.StatusRequestedRangeNotSatisfiable)
	wantHeader(t, w, "Content-Range", "bytes */10")
	wantHeader(t, w, "Cache-Control", "no-store")

	w = s.do(http.MethodGet, imagePath, "", "If-Match", `"another"`)
	wantProblem(t, w, http.StatusPreconditionFailed)

	opaque := newImageSetup(t, true)
	w = opaque.do(http.MethodGet, imagePath, "", "Range", "bytes=2-4")
	wantStatus(t, w, http.StatusOK)
	wantBody(t, w, imageBody)
}

func TestImageRefuses(t *testing.T) {
	t.Parallel()
	s := newImageSetup(t, false)
	for _, path := range []string{
		"/images/", "/images/none", "/images/AA/w320.webp", "/images/.hidden", "/images/aa/", "/images/aa//",
		"/images/..%2f..%2fetc%2fpasswd", "/images/%2e%2e%2fdata", "/images/aa%00", "/images/a%5cb", "/images/" + strings.Repeat("a", 2000),
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := s.do(method, path, "")
			if w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect {
				continue // the mux cleans the path first
			}
			wantProblem(t, w, http.StatusNotFound)
			wantHeader(t, w, "Cache-Control", "no-store")
		}
	}
	s.images.failure = fault.New(fault.Unavailable, "the storage cannot be reached")
	wantProblem(t, s.do(http.MethodGet, imagePath, ""), http.StatusServiceUnavailable)
	wantProblem(t, s.do(http.MethodHead, imagePath, ""), http.StatusServiceUnavailable)
}

// TestImageOfAnOwner: what clients have sent is stored beside the published images, and
// is not published.
func TestImageOfAnOwner(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	key := blob.SourceKey(sha256.Sum256([]byte(imageBody)))
	s.images.objects = map[string]string{key: imageBody, imageKey: imageBody}
	wantStatus(t, s.do(http.MethodGet, imagePath, ""), http.StatusOK)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, path := range []string{key, strings.Replace(key, "/", "%2f", 1), strings.Replace(key, "s", "%73", 1)} {
			w := s.do(method, "/images/"+path, "")
			wantProblem(t, w, http.StatusNotFound)
			wantHeader(t, w, "Cache-Control", "no-store")
		}
	}
}

// TestImageCutShort: half an image must not look like a whole one.
func TestImageCutShort(t *testing.T) {
	t.Parallel()
	s := newImageSetup(t, true)
	s.images.broken = true
	server := httptest.NewServer(s.handler)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+imagePath, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(r)
	if err != nil {
		return // cut before the header was sent
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("half an image arrived as %q without an error", body)
	}
}
