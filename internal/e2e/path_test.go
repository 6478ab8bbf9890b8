package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	stdimage "image"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	_ "golang.org/x/image/webp"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/systemtest"
)

// TestPath takes photographs all the way, in every shape.
func TestPath(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			c := systemtest.Client{T: t, URL: s.start(t)}
			src := systemtest.NewSource(t)
			names := []string{"rocket.jpg", "sideways.jpg", "big.jpg", "coffee.png", "chelsea.png", "missing.jpg", "broken.jpg"}
			var urls []string
			for _, name := range names {
				urls = append(urls, src.URL+"/"+name)
			}
			path := c.Create("Photographs", urls...)
			listed(c) // and cached, while all images are pending
			p := c.Finished(path)
			checkListed(c, p)
			if p.Name != "Photographs" || p.Price != "999.99" || !slices.Equal(p.ImageURLs, urls) {
				t.Errorf("product is not what was sent: %+v", p)
			}
			var published []string
			for i, img := range p.Images {
				if img.SourceURL != urls[i] {
					t.Fatalf("image %d is of %s, want %s", i, img.SourceURL, urls[i])
				}
				if img.Status == "ready" {
					published = append(published, img.Compressed.URL)
				}
				t.Run(names[i], func(t *testing.T) { checkImage(systemtest.Client{T: t, URL: c.URL}, names[i], img) })
			}
			if !slices.Equal(p.CompressedImages, published) {
				t.Errorf("compressed_product_images is %v, want %v", p.CompressedImages, published)
			}
			checkChanges(c, path, p, src)
		})
	}
}

// listed returns the only product as the list of its user shows it.
func listed(c systemtest.Client) wire.Summary {
	c.T.Helper()
	var list []wire.Summary
	_, body := c.Do(http.MethodGet, "/products?user_id=1", nil, "")
	if err := json.Unmarshal(body, &list); err != nil || len(list) != 1 {
		c.T.Fatalf("the list is %s, %v", body, err)
	}
	return list[0]
}

// checkListed waits until the list shows what has become of the images: a second,
// and time for a busy machine, but less than a cached list lives.
func checkListed(c systemtest.Client, p systemtest.Product) {
	c.T.Helper()
	want := wire.ImageCounts{Total: len(p.Images)}
	for _, img := range p.Images {
		if img.Status == "ready" {
			want.Ready++
		} else {
			want.Failed++
		}
	}
	var got wire.Summary
	systemtest.Within(c.T, 10*time.Second, "the list shows the images", func() bool {
		got = listed(c)
		return got.Images == want
	})
	if cover := p.Images[0].Variants[0]; got.Cover == nil || got.Cover.Output != cover || got.Cover.Placeholder != p.Images[0].Placeholder {
		c.T.Errorf("the cover is %+v, want %+v", got.Cover, cover)
	}
}

// checkImage compares what became of one source with what should.
func checkImage(c systemtest.Client, name string, img wire.Image) {
	c.T.Helper()
	want := map[string]struct{ width, height, outWidth, outHeight int }{
		"rocket.jpg":   {640, 427, 640, 427},
		"sideways.jpg": {427, 640, 427, 640}, // upright
		"big.jpg":      {4000, 3000, 2048, 1536},
		"coffee.png":   {600, 400, 600, 400},
		"chelsea.png":  {451, 300, 451, 300},
	}
	reasons := map[string]string{"missing.jpg": "source_not_found", "broken.jpg": "decode_failed"}
	if reason, fails := reasons[name]; fails {
		if img.Status != "failed" || img.Reason == nil || img.Reason.Code != reason || img.Reason.Retryable {
			c.T.Fatalf("is %s for %+v, want failed for %s", img.Status, img.Reason, reason)
		}
		return
	}
	if img.Status != "ready" || img.Reason != nil {
		c.T.Fatalf("is %s for %+v, want ready", img.Status, img.Reason)
	}
	w := want[name]
	if img.Width != w.width || img.Height != w.height || img.SourceBytes == 0 {
		c.T.Errorf("source is %d×%d of %d bytes, want %d×%d", img.Width, img.Height, img.SourceBytes, w.width, w.height)
	}
	if img.Compressed.Width != w.outWidth || img.Compressed.Height != w.outHeight || img.Compressed.Bytes >= img.SourceBytes {
		c.T.Errorf("compressed is %+v of a source of %d bytes, want %d×%d and fewer", img.Compressed, img.SourceBytes, w.outWidth, w.outHeight)
	}
	checkBytes(c, *img.Compressed)
	for _, v := range img.Variants {
		if v.Width > img.Width {
			c.T.Errorf("variant of width %d is wider than its source", v.Width)
		}
		checkBytes(c, v)
	}
	if len(img.Variants) == 0 {
		c.T.Error("has no variants")
	}
	checkPlaceholder(c, img.Placeholder)
}

// checkBytes downloads a published file and looks inside.
func checkBytes(c systemtest.Client, out wire.Output) {
	c.T.Helper()
	resp, body := c.Do(http.MethodGet, out.URL, nil, "")
	if resp.StatusCode != http.StatusOK {
		c.T.Fatalf("GET %s answered %d %s", out.URL, resp.StatusCode, body)
	}
	if got := resp.Header.Get("Content-Type"); got != "image/"+out.Format {
		c.T.Errorf("Content-Type of %s is %s", out.URL, got)
	}
	if got := resp.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		c.T.Errorf("Cache-Control of %s is %q", out.URL, got)
	}
	if int64(len(body)) != out.Bytes {
		c.T.Errorf("%s has %d bytes, want %d", out.URL, len(body), out.Bytes)
	}
	picture, format, err := stdimage.Decode(bytes.NewReader(body))
	if err != nil {
		c.T.Fatalf("%s does not decode: %v", out.URL, err)
	}
	if size := picture.Bounds().Size(); format != out.Format || size.X != out.Width || size.Y != out.Height {
		c.T.Errorf("%s is a %s of %v, want %+v", out.URL, format, size, out)
	}
	if bytes.Contains(body, []byte("Exif\x00\x00")) || bytes.Contains(body, []byte("EXIF")) {
		c.T.Errorf("%s still carries EXIF", out.URL)
	}
}

func checkPlaceholder(c systemtest.Client, uri string) {
	c.T.Helper()
	_, encoded, found := strings.Cut(uri, ";base64,")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(uri) > 400 {
		c.T.Fatalf("placeholder %q of %d bytes is no small data URI", uri, len(uri))
	}
	if _, _, err := stdimage.Decode(bytes.NewReader(raw)); err != nil {
		c.T.Errorf("placeholder does not decode: %v", err)
	}
}

// checkChanges changes and deletes the product, and looks at every answer.
func checkChanges(c systemtest.Client, path string, before systemtest.Product, src *systemtest.Source) {
	c.T.Helper()
	resp, _ := c.Do(http.MethodGet, path, map[string]string{"If-None-Match": before.ETag}, "")
	if resp.StatusCode != http.StatusNotModified {
		c.T.Errorf("unchanged product answered %d, want 304", resp.StatusCode)
	}
	fetched := src.Served()
	patch := `{"product_name":"Renamed","product_images":["` + before.ImageURLs[3] + `","` + src.URL + `/retina.jpg"]}`
	resp, body := c.Do(http.MethodPatch, path,
		map[string]string{"Content-Type": "application/merge-patch+json", "If-Match": before.ETag}, patch)
	if resp.StatusCode != http.StatusOK {
		c.T.Fatalf("PATCH answered %d %s", resp.StatusCode, body)
	}
	after := c.Finished(path)
	if after.Name != "Renamed" || len(after.Images) != 2 || after.Images[0].ID != before.Images[3].ID {
		c.T.Errorf("changed product is %+v", after)
	}
	if after.Images[1].Status != "ready" || after.Images[1].Width != 1411 {
		c.T.Errorf("added image is %+v", after.Images[1])
	}
	if n := src.Served() - fetched; n != 1 {
		c.T.Errorf("the change fetched %d images, want the new one only", n)
	}
	resp, _ = c.Do(http.MethodDelete, path, map[string]string{"If-Match": before.ETag}, "")
	if resp.StatusCode != http.StatusPreconditionFailed {
		c.T.Errorf("DELETE of a stale version answered %d, want 412", resp.StatusCode)
	}
	resp, _ = c.Do(http.MethodGet, "/products?user_id=1&price_min=999.99&price_max=999.99&product_name=RENAM", nil, "")
	if resp.StatusCode != http.StatusOK {
		c.T.Errorf("list answered %d", resp.StatusCode)
	}
	if resp, _ = c.Do(http.MethodDelete, path, nil, ""); resp.StatusCode != http.StatusNoContent {
		c.T.Errorf("DELETE answered %d, want 204", resp.StatusCode)
	}
	if resp, _ = c.Do(http.MethodGet, path, nil, ""); resp.StatusCode != http.StatusNotFound {
		c.T.Errorf("deleted product answered %d, want 404", resp.StatusCode)
	}
}
