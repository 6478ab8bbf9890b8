package chaos_test

import (
	"fmt"
	"hash/fnv"
	"image"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/imaging/imagingtest"
)

// The kinds of pictures that the source host has, by the first part of their
// path. What follows tells one picture from another.
const (
	good     = "good"     // a picture of its own
	shared   = "shared"   // one that many products show
	slow     = "slow"     // one that takes a while to come
	flaky    = "flaky"    // 503 twice, then a picture
	busy     = "busy"     // 429 with Retry-After once, then a picture
	changing = "changing" // another picture at every fetch
	gone     = "gone"     // 404
	broken   = "broken"   // a JPEG that is cut off
	text     = "text"     // HTML
)

// expected says how an image of the kind ends: its reason, or none.
func expected(kind string) (reason string) {
	switch kind {
	case gone:
		return "source_not_found"
	case broken:
		return "decode_failed"
	case text:
		return "unsupported_type"
	default:
		return ""
	}
}

// source is the host of the pictures; no fault reaches it.
type source struct {
	*httptest.Server
	calm *httptest.Server // the same as another host, of which nothing bad is known

	mu      sync.Mutex
	fetched map[string]int // by path

	waiting atomic.Int64 // slow pictures of the calm host that are on their way
}

func newSource(t *testing.T) *source {
	t.Helper()
	s := &source{fetched: map[string]int{}}
	s.Server, s.calm = httptest.NewServer(s), httptest.NewServer(s)
	t.Cleanup(s.Close)
	t.Cleanup(s.calm.Close)
	return s
}

func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	n := s.fetched[r.URL.Path]
	s.fetched[r.URL.Path]++
	s.mu.Unlock()
	switch kind := kindOf(r.URL.Path); {
	case kind == gone:
		http.NotFound(w, r)
	case kind == text:
		_, _ = w.Write([]byte("<!doctype html><title>Not a picture</title>"))
	case kind == broken:
		whole := imagingtest.JPEG(picture(r.URL.Path, 0), 90)
		_, _ = w.Write(whole[:len(whole)/2])
	case kind == flaky && n < 2:
		w.WriteHeader(http.StatusServiceUnavailable)
	case kind == busy && n < 1:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case kind == changing:
		_, _ = w.Write(imagingtest.JPEG(picture(r.URL.Path, n), 90))
	default:
		if kind == slow {
			if strings.HasSuffix(s.calm.URL, r.Host) {
				s.waiting.Add(1)
				defer s.waiting.Add(-1)
			}
			select {
			case <-time.After(1500 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
		_, _ = w.Write(imagingtest.JPEG(picture(r.URL.Path, 0), 90))
	}
}

// kindOf returns the kind of the picture at a path or URL.
func kindOf(address string) string {
	if _, after, ok := strings.Cut(address, "://"); ok {
		_, address, _ = strings.Cut(after, "/")
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(address, "/"), "/")
	return kind
}

// picture is the n-th picture at the path.
func picture(path string, n int) *image.RGBA {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s %d", path, n)
	seed := h.Sum64()
	return imagingtest.Picture(160+int(seed%64), 120+int(seed>>8%48), seed)
}

// versions returns how many pictures the path has shown so far.
func (s *source) versions(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kindOf(path) != changing {
		return 1
	}
	return s.fetched[path]
}
