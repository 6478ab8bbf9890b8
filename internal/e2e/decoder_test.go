package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// TestEvilPictures posts pictures that abort or hang the decoder among others
// that are fine: each evil one fails alone, after its attempts, and the process
// that serves lives on.
func TestEvilPictures(t *testing.T) {
	t.Parallel()
	photo := imagingtest.Photo(320, 240, 1)
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(systemtest.WithComment(photo, strings.ReplaceAll(strings.TrimPrefix(r.URL.Path, "/"), "-", ": ")))
	}))
	t.Cleanup(host.Close)
	p := systemtest.StartVariant(t, systemtest.Defective(systemtest.HostileDecoder), "serve", map[string]string{
		"DATA_DIR":             t.TempDir(),
		"IMAGE_RENDER_TIMEOUT": "1s", "JOB_MAX_ATTEMPTS": "3", "JOB_MAX_CRASHES": "3", "JOB_BACKOFF": "200ms",
	})
	c := p.Client()
	urls := []string{host.URL + "/vitrine-abort", host.URL + "/vitrine-hang"}
	for n := range 10 {
		urls = append(urls, fmt.Sprintf("%s/fine-%d", host.URL, n))
	}
	product := c.Finished(c.Create("evil", urls...))
	for i, img := range product.Images {
		switch {
		case i >= 2 && (img.Status != "ready" || img.Attempts != 1):
			t.Errorf("%s is %s after %d attempts: %+v", img.SourceURL, img.Status, img.Attempts, img.Reason)
		case i < 2 && (img.Status != "failed" || img.Attempts != 3 || img.Reason == nil || img.Reason.Code != "decoder_crashed"):
			t.Errorf("%s is %s after %d attempts: %+v", img.SourceURL, img.Status, img.Attempts, img.Reason)
		case i < 2:
			t.Logf("%s: %s", img.SourceURL, img.Reason.Detail)
		}
	}
	if p.Ended() {
		t.Error("the process died of a picture")
	}
	if !strings.Contains(product.Images[1].Reason.Detail, "did not come to an end") {
		t.Errorf("a picture that hangs failed with %q", product.Images[1].Reason.Detail)
	}
}
