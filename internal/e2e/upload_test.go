package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"testing"

	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// pictureForm is the body of a form with the picture, and its type.
func pictureForm(t *testing.T, picture []byte, alt string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	into, err := w.CreateFormFile("file", "lamp.jpg")
	if err == nil {
		_, err = into.Write(picture)
	}
	if err == nil {
		err = w.WriteField("alt", alt)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// TestUpload: a picture that is sent is published like one that is fetched, and stays private
// as it came.
func TestUpload(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			c := systemtest.Client{T: t, URL: s.start(t)}
			path := c.Create("Lamp")
			picture := imagingtest.Photo(700, 500, 11)
			body, contentType := pictureForm(t, picture, "A lamp")
			got, answer := c.Do(http.MethodPost, path+"/images", map[string]string{"Content-Type": contentType, "Prefer": "wait=10"}, body)
			var img wire.CurrentImage
			c.Decode(answer, &img)
			if got.StatusCode != http.StatusCreated {
				t.Fatalf("%d %s", got.StatusCode, answer)
			}
			p := c.Finished(path)
			if len(p.Images) != 1 || p.Images[0].Status != "ready" || p.Images[0].Width != 700 || p.Images[0].Alt != "A lamp" || len(p.ImageURLs) != 1 {
				t.Fatalf("the product is %+v", p)
			}
			if got, _ := c.Do(http.MethodGet, p.CompressedImages[0], nil, ""); got.StatusCode != http.StatusOK {
				t.Errorf("its picture: %d", got.StatusCode)
			}
			image := fmt.Sprintf("%s/images/%d", path, img.ID)
			if got, source := c.Do(http.MethodGet, image+"/source", nil, ""); got.StatusCode != http.StatusOK || !bytes.Equal(source, picture) {
				t.Errorf("its source: %d, %d bytes, want %d", got.StatusCode, len(source), len(picture))
			}
			got, answer = c.Do(http.MethodPost, image+"/refresh", map[string]string{"Prefer": "wait=10"}, "")
			if got.StatusCode != http.StatusAccepted || c.Product(path).Revision != p.Revision {
				t.Errorf("fetched again: %d %s", got.StatusCode, answer)
			}
			again := c.Finished(c.Create("Another", p.ImageURLs[0]))
			if again.Images[0].Status != "ready" || again.CompressedImages[0] != p.CompressedImages[0] {
				t.Errorf("another product of it is %+v", again)
			}
			body, contentType = pictureForm(t, []byte("no picture at all"), "")
			got, answer = c.Do(http.MethodPost, path+"/images", map[string]string{"Content-Type": contentType}, body)
			if got.StatusCode != http.StatusCreated {
				t.Fatalf("%d %s", got.StatusCode, answer)
			}
			if p = c.Finished(path); p.Images[1].Status != "failed" || p.Images[1].Reason.Code != "unsupported_type" {
				t.Errorf("what is no picture is %+v", p.Images[1])
			}
		})
	}
}

// TestUploadInTwoSteps: a client that knows one way sends its picture to the storage or to the API,
// whichever takes it.
func TestUploadInTwoSteps(t *testing.T) {
	t.Parallel()
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			c := systemtest.Client{T: t, URL: s.start(t)}
			picture := imagingtest.Photo(600, 400, 12)
			sum := sha256.Sum256(picture)
			got, answer := c.Do(http.MethodPost, "/uploads", map[string]string{"Content-Type": "application/json"}, fmt.Sprintf(`{"user_id":1,"bytes":%d,"sha256":"%x"}`, len(picture), sum))
			var u wire.CreatedUpload
			c.Decode(answer, &u)
			if got.StatusCode != http.StatusCreated {
				t.Fatalf("%d %s", got.StatusCode, answer)
			}
			base, err := url.Parse(c.URL)
			if err != nil {
				t.Fatal(err)
			}
			target, err := base.Parse(u.URL)
			if err != nil {
				t.Fatal(err)
			}
			complete := func() int {
				got, answer := c.Do(http.MethodPost, "/uploads/"+u.ID+"/complete", nil, "")
				t.Logf("complete: %s", answer)
				return got.StatusCode
			}
			if status := complete(); status != http.StatusConflict {
				t.Errorf("completed before it was sent: %d", status)
			}
			if got, answer := c.Do(u.Method, target.String(), u.Headers, string(picture[:len(picture)-1])+"?"); got.StatusCode < 400 {
				t.Errorf("another picture was taken: %d %s", got.StatusCode, answer)
			}
			if got, answer := c.Do(u.Method, target.String(), u.Headers, string(picture)); got.StatusCode >= 300 {
				t.Fatalf("sent to %s: %d %s", target, got.StatusCode, answer)
			}
			if status := complete(); status != http.StatusOK {
				t.Fatalf("completed: %d", status)
			}
			p := c.Finished(c.Create("Lamp", u.SourceURL))
			if p.Images[0].Status != "ready" || p.Images[0].Width != 600 || p.ImageURLs[0] != u.SourceURL {
				t.Errorf("the product is %+v", p)
			}
		})
	}
}
