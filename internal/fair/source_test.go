package fair_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
)

// The kinds of hosts: the second number of their addresses.
const (
	quickHosts   = 1
	hangingHosts = 2
	slowHosts    = 3
	heavyHosts   = 4
	failingHosts = 5 // answer 500 to what has "bad" in its path
	photoHosts   = 6 // quick ones, of pictures that take a while to render
)

const slowness = 25 * time.Second

// source is many hosts: one server on every loopback address. No two of its
// pictures are the same file.
type source struct {
	port   string
	small  []byte
	photo  []byte
	large  [2][]byte // take much, and most, of the memory for pictures
	served atomic.Int64
}

func newSource(t *testing.T) *source {
	t.Helper()
	s := &source{
		small: imagingtest.JPEG(imagingtest.Picture(200, 150, 7), 90),
		photo: imagingtest.JPEG(imagingtest.Picture(1200, 900, 7), 90),
	}
	for i, side := range []uint16{6000, 9000} {
		s.large[i] = imagingtest.BombJPEG(imagingtest.Fixture("progressive.jpg"), side, side)
	}
	s.port = systemtest.EveryAddress(t, s)
	return s
}

// url is the URL of a picture at the n-th host of a kind.
func (s *source) url(kind, n int, path string) string {
	return fmt.Sprintf("http://127.%d.%d.%d:%s/%s", kind, n/250, 1+n%250, s.port, path)
}

// hostOf is the inverse of url.
func hostOf(address string) (kind, n int) {
	numbers := strings.FieldsFunc(address, func(r rune) bool { return r == '.' || r == ':' })
	if len(numbers) < 4 {
		return 0, 0
	}
	kind, _ = strconv.Atoi(numbers[1])
	high, _ := strconv.Atoi(numbers[2])
	low, _ := strconv.Atoi(numbers[3])
	return kind, high*250 + low - 1
}

func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.served.Add(1)
	picture := systemtest.WithComment(s.small, r.URL.Path)
	switch kind, n := hostOf(r.Host); kind {
	case hangingHosts:
		<-r.Context().Done()
		return
	case slowHosts:
		if n%2 == 0 { // the others are silent all the time
			w.Header().Set("Content-Length", strconv.Itoa(len(picture)))
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-time.After(slowness):
		case <-r.Context().Done():
			return
		}
	case photoHosts:
		picture = systemtest.WithComment(s.photo, r.URL.Path)
	case heavyHosts:
		picture = systemtest.WithComment(s.large[n%2], "vitrine: stay"+r.URL.Path)
	case failingHosts:
		if strings.Contains(r.URL.Path, "bad") {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	_, _ = w.Write(picture)
}
