package e2e_test

import (
	"net/http"
	"slices"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testurls"
)

// TestTestURLs: images of reserved URLs take the whole path, and end as each says, while a
// hundred that fail keep no other of their host from being ready.
func TestTestURLs(t *testing.T) {
	t.Parallel()
	p := systemtest.Start(t, "serve", map[string]string{
		"DATA_DIR": t.TempDir(), "TEST_URLS": "true",
		"JOB_MAX_ATTEMPTS": "1", "JOB_MAX_CRASHES": "1", "JOB_MAX_AGE": "1s", "JOB_BACKOFF": "10ms",
	})
	p.Logged("that test URLs are on", func(l systemtest.LogLine) bool {
		return l["level"] == "WARN" && l["msg"] == "image URLs of the host vitrine.test are answered by this program, for tests of what is built on the API"
	})
	c := p.Client()
	var failing []string
	for i := range 100 {
		failing = append(failing, "https://vitrine.test/"+[]string{"source_timeout", "source_unreachable"}[i%2]+"?delay="+[]string{"1ms", "2ms", "3ms"}[i%3])
	}
	var crowd []string
	for urls := range slices.Chunk(failing, 50) {
		crowd = append(crowd, c.Create("Failing", urls...))
	}
	urls := []string{"https://vitrine.test/ready?seed=a&width=321&height=200", "https://vitrine.test/ready?seed=b&delay=50ms", "https://mine.vitrine.test/ready?seed=a"}
	ready := len(urls)
	for _, reason := range testurls.Reasons() {
		urls = append(urls, "https://vitrine.test/"+string(reason))
	}
	got := c.Finished(c.Create("Every end", urls...))
	keys := map[string]bool{}
	for i, img := range got.Images {
		if i >= ready {
			if img.Status != "failed" || img.Reason == nil || img.Reason.Code != string(testurls.Reasons()[i-ready]) {
				t.Errorf("%s is %s: %+v", img.SourceURL, img.Status, img.Reason)
			}
			continue
		}
		if img.Status != "ready" {
			t.Errorf("%s is %s: %+v", img.SourceURL, img.Status, img.Reason)
			continue
		}
		keys[img.Compressed.URL] = true
		if file, _ := c.Do(http.MethodGet, img.Compressed.URL, nil, ""); file.StatusCode != http.StatusOK {
			t.Errorf("the picture of %s answered %d", img.SourceURL, file.StatusCode)
		}
	}
	if len(keys) != ready || got.Images[0].Width != 321 || got.Images[0].Height != 200 {
		t.Errorf("the pictures are %v, the first of %d × %d", keys, got.Images[0].Width, got.Images[0].Height)
	}
	for _, path := range crowd {
		for _, img := range c.Finished(path).Images {
			if img.Reason == nil || fault.Reason(img.Reason.Code) == fault.WorkerLost {
				t.Fatalf("%s: %+v", img.SourceURL, img)
			}
		}
	}
	if n := p.Count(systemtest.Msg("host breaker opened")); n > 0 {
		t.Errorf("breakers have opened %d times", n)
	}
}
