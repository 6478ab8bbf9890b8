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

// source is the hosts of the pictures; no fault of the injector reaches them.
type source struct {
	hosts map[string][]*host // by how they are

	mu      sync.Mutex
	fetched map[string]int // pictures that were served, by path: no path is at two hosts

	healed  chan struct{} // closed once the host that hangs answers
	over    chan struct{} // closed once the one that fails does
	waiting atomic.Int64  // pictures of the calm hosts that are on their way
}

func newSource(t *testing.T) *source {
	t.Helper()
	s := &source{hosts: map[string][]*host{}, fetched: map[string]int{}, healed: make(chan struct{}), over: make(chan struct{})}
	for how, count := range map[string]int{shop: 3, calm: 2, sluggish: 2, hanging: 1, failing: 1, limiting: 1} {
		for range count {
			h := &host{of: s, how: how}
			h.Server = httptest.NewServer(h)
			t.Cleanup(func() {
				h.CloseClientConnections() // those that hang
				h.Close()
			})
			s.hosts[how] = append(s.hosts[how], h)
		}
	}
	return s
}

// serve answers with the picture, or what stands for it, and calls answers before
// it does so with anything that shows the host to work.
func (s *source) serve(w http.ResponseWriter, r *http.Request, how string, answers func()) {
	s.mu.Lock()
	n := s.fetched[r.URL.Path]
	s.fetched[r.URL.Path]++
	s.mu.Unlock()
	kind := kindOf(r.URL.Path)
	switch {
	// A host that has failed for minutes and then says 503 is rightly left alone for as long
	// as a breaker may be open, which is longer than the images under way are waited for.
	case kind == flaky && n < 2 && how != failing:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case kind == busy && n < 1:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case kind == slow && !pause(r.Context(), slowFor):
		return
	}
	answers()
	switch kind {
	case gone:
		http.NotFound(w, r)
	case text:
		_, _ = w.Write([]byte("<!doctype html><title>Not a picture</title>"))
	case broken:
		whole := imagingtest.JPEG(picture(r.URL.Path, 0), 90)
		_, _ = w.Write(whole[:len(whole)/2])
	case changing:
		_, _ = w.Write(imagingtest.JPEG(picture(r.URL.Path, n), 90))
	default:
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

// picture is the n-th picture at the path. What many show is named by its first two parts.
func picture(path string, n int) *image.RGBA {
	if parts := strings.Split(path, "/"); parts[1] == shared {
		path = strings.Join(parts[:3], "/")
	}
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
