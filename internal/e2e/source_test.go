package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"vitrine.dev/internal/imaging/imagingtest"
)

// source is a host of pictures on loopback.
type source struct {
	*httptest.Server

	served atomic.Int64
}

// newSource serves the photographs of testdata by name; sideways.jpg, a photo
// that a camera took held upright, with GPS in its EXIF; big.jpg of 12
// megapixels; broken.jpg, cut off; and /n/N, a different picture for each N.
func newSource(t *testing.T) *source {
	t.Helper()
	photo := func(name string) []byte {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	files := map[string][]byte{"big.jpg": imagingtest.Photo(4000, 3000, 1)}
	for _, name := range []string{"rocket.jpg", "retina.jpg", "coffee.png", "chelsea.png"} {
		files[name] = photo(name)
	}
	files["sideways.jpg"] = imagingtest.WithEXIF(files["rocket.jpg"], 6, true)
	files["broken.jpg"] = files["retina.jpg"][:60_000]

	s := &source{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.served.Add(1)
		if n, numbered := strings.CutPrefix(r.URL.Path, "/n/"); numbered {
			// A comment segment makes other bytes of the same photograph.
			_, _ = w.Write(withComment(files["rocket.jpg"], n))
			return
		}
		body, ok := files[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s
}

// withComment inserts a COM segment after the JPEG's start marker.
func withComment(jpeg []byte, text string) []byte {
	out := append([]byte{}, jpeg[:2]...)
	out = append(out, 0xff, 0xfe, 0, byte(len(text)+2))
	out = append(out, text...)
	return append(out, jpeg[2:]...)
}

func (s *source) numbered(from, n int) []string {
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("%s/n/%d", s.URL, from+i)
	}
	return urls
}
