package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// TestRefresh: a ready image is fetched again, by the version that its host has given: what
// is unchanged is not sent again and changes nothing; what is another picture takes the place
// of the old one, which is shown until then.
func TestRefresh(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			c := systemtest.Client{T: t, URL: s.start(t)}
			var version, sent atomic.Int64
			host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				v := version.Load()
				w.Header().Set("ETag", fmt.Sprintf(`"v%d"`, v))
				if r.Header.Get("If-None-Match") == "" {
					sent.Add(1)
				}
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(imagingtest.Photo(400, 300, uint64(v))))
			}))
			defer host.Close()
			path := c.Create("Changing", host.URL+"/photo.jpg")
			before := c.Finished(path)
			img := before.Images[0]
			if img.Status != "ready" || img.SrcSet == "" || img.HTML == "" {
				t.Fatalf("the image is %+v", img)
			}
			refresh := func() (now wire.CurrentImage) {
				t.Helper()
				got, body := c.Do(http.MethodPost, fmt.Sprintf("%s/images/%d/refresh", path, img.ID), map[string]string{"Prefer": "wait=10"}, "")
				c.Decode(body, &now)
				if got.StatusCode != http.StatusAccepted || got.Header.Get("Preference-Applied") != "wait=10" || now.Status != "ready" {
					t.Fatalf("refresh answered %d %s", got.StatusCode, body)
				}
				return now
			}
			if now := refresh(); now.Compressed.URL != img.Compressed.URL || sent.Load() != 1 {
				t.Errorf("unchanged, and sent %d times: %+v", sent.Load(), now)
			}
			if after := c.Product(path); after.Revision != before.Revision {
				t.Errorf("revision %d of what is unchanged since %d", after.Revision, before.Revision)
			}
			version.Store(7)
			now := refresh()
			systemtest.Within(t, 30*time.Second, "the other picture is shown", func() bool {
				got, body := c.Do(http.MethodGet, fmt.Sprintf("%s/images/%d", path, img.ID), nil, "")
				c.Decode(body, &now)
				return got.StatusCode == http.StatusOK && now.Compressed.URL != img.Compressed.URL
			})
			if got, _ := c.Do(http.MethodGet, now.Compressed.URL, nil, ""); got.StatusCode != http.StatusOK {
				t.Errorf("the other picture: %d", got.StatusCode)
			}
		})
	}
}
