package e2e_test

import (
	"bytes"
	"encoding/base64"
	stdimage "image"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "golang.org/x/image/webp"
)

// TestPath takes photographs all the way, in every shape.
func TestPath(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			c := client{t, s.start(t)}
			src := newSource(t)
			names := []string{"rocket.jpg", "sideways.jpg", "big.jpg", "coffee.png", "chelsea.png", "missing.jpg", "broken.jpg"}
			var urls []string
			for _, name := range names {
				urls = append(urls, src.URL+"/"+name)
			}
			path := "/products/" + strconv.FormatInt(c.create("Photographs", urls...), 10)
			p := c.settled(path)
			if p.Name != "Photographs" || p.Price != "999.99" || !slices.Equal(p.Images, urls) {
				t.Errorf("product is not what was sent: %+v", p)
			}
			var published []string
			for i, img := range p.Details {
				if img.SourceURL != urls[i] {
					t.Fatalf("image %d is of %s, want %s", i, img.SourceURL, urls[i])
				}
				if img.Status == "ready" {
					published = append(published, img.Compressed.URL)
				}
				t.Run(names[i], func(t *testing.T) { checkImage(client{t, c.url}, names[i], img) })
			}
			if !slices.Equal(p.CompressedImages, published) {
				t.Errorf("compressed_product_images is %v, want %v", p.CompressedImages, published)
			}
			checkChanges(c, path, p, src)
		})
	}
}

// checkImage compares what became of one source with what should.
func checkImage(c client, name string, img image) {
	c.t.Helper()
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
			c.t.Fatalf("is %s for %+v, want failed for %s", img.Status, img.Reason, reason)
		}
		return
	}
	if img.Status != "ready" || img.Reason != nil {
		c.t.Fatalf("is %s for %+v, want ready", img.Status, img.Reason)
	}
	w := want[name]
	if img.Width != w.width || img.Height != w.height || img.SourceBytes == 0 {
		c.t.Errorf("source is %d×%d of %d bytes, want %d×%d", img.Width, img.Height, img.SourceBytes, w.width, w.height)
	}
	if img.Compressed.Width != w.outWidth || img.Compressed.Height != w.outHeight || img.Compressed.Bytes >= img.SourceBytes {
		c.t.Errorf("compressed is %+v of a source of %d bytes, want %d×%d and fewer", img.Compressed, img.SourceBytes, w.outWidth, w.outHeight)
	}
	checkBytes(c, img.Compressed)
	for _, v := range img.Variants {
		if v.Width > img.Width {
			c.t.Errorf("variant of width %d is wider than its source", v.Width)
		}
		checkBytes(c, v)
	}
	if len(img.Variants) == 0 {
		c.t.Error("has no variants")
	}
	checkPlaceholder(c, img.Placeholder)
}

// checkBytes downloads a published file and looks inside.
func checkBytes(c client, out output) {
	c.t.Helper()
	resp, body := c.do(http.MethodGet, out.URL, nil, "")
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("GET %s answered %d %s", out.URL, resp.StatusCode, body)
	}
	if got := resp.Header.Get("Content-Type"); got != "image/"+out.Format {
		c.t.Errorf("Content-Type of %s is %s", out.URL, got)
	}
	if got := resp.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		c.t.Errorf("Cache-Control of %s is %q", out.URL, got)
	}
	if int64(len(body)) != out.Bytes {
		c.t.Errorf("%s has %d bytes, want %d", out.URL, len(body), out.Bytes)
	}
	picture, format, err := stdimage.Decode(bytes.NewReader(body))
	if err != nil {
		c.t.Fatalf("%s does not decode: %v", out.URL, err)
	}
	if size := picture.Bounds().Size(); format != out.Format || size.X != out.Width || size.Y != out.Height {
		c.t.Errorf("%s is a %s of %v, want %+v", out.URL, format, size, out)
	}
	if bytes.Contains(body, []byte("Exif\x00\x00")) || bytes.Contains(body, []byte("EXIF")) {
		c.t.Errorf("%s still carries EXIF", out.URL)
	}
}

func checkPlaceholder(c client, uri string) {
	c.t.Helper()
	_, encoded, found := strings.Cut(uri, ";base64,")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(uri) > 400 {
		c.t.Fatalf("placeholder %q of %d bytes is no small data URI", uri, len(uri))
	}
	if _, _, err := stdimage.Decode(bytes.NewReader(raw)); err != nil {
		c.t.Errorf("placeholder does not decode: %v", err)
	}
}

// checkChanges changes and deletes the product, and looks at every answer.
func checkChanges(c client, path string, before product, src *source) {
	c.t.Helper()
	resp, _ := c.do(http.MethodGet, path, map[string]string{"If-None-Match": before.etag}, "")
	if resp.StatusCode != http.StatusNotModified {
		c.t.Errorf("unchanged product answered %d, want 304", resp.StatusCode)
	}
	fetched := src.served.Load()
	patch := `{"product_name":"Renamed","product_images":["` + before.Images[3] + `","` + src.URL + `/retina.jpg"]}`
	resp, body := c.do(http.MethodPatch, path,
		map[string]string{"Content-Type": "application/merge-patch+json", "If-Match": before.etag}, patch)
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("PATCH answered %d %s", resp.StatusCode, body)
	}
	after := c.settled(path)
	if after.Name != "Renamed" || len(after.Details) != 2 || after.Details[0].ID != before.Details[3].ID {
		c.t.Errorf("changed product is %+v", after)
	}
	if after.Details[1].Status != "ready" || after.Details[1].Width != 1411 {
		c.t.Errorf("added image is %+v", after.Details[1])
	}
	if n := src.served.Load() - fetched; n != 1 {
		c.t.Errorf("the change fetched %d images, want the new one only", n)
	}
	resp, _ = c.do(http.MethodDelete, path, map[string]string{"If-Match": before.etag}, "")
	if resp.StatusCode != http.StatusPreconditionFailed {
		c.t.Errorf("DELETE of a stale version answered %d, want 412", resp.StatusCode)
	}
	resp, _ = c.do(http.MethodGet, "/products?user_id=1&price_min=999.99&price_max=999.99&product_name=RENAM", nil, "")
	if resp.StatusCode != http.StatusOK {
		c.t.Errorf("list answered %d", resp.StatusCode)
	}
	if resp, _ = c.do(http.MethodDelete, path, nil, ""); resp.StatusCode != http.StatusNoContent {
		c.t.Errorf("DELETE answered %d, want 204", resp.StatusCode)
	}
	if resp, _ = c.do(http.MethodGet, path, nil, ""); resp.StatusCode != http.StatusNotFound {
		c.t.Errorf("deleted product answered %d, want 404", resp.StatusCode)
	}
}
