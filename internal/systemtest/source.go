package systemtest

import (
	"embed"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/imaging/imagingtest"
)

// bigPhoto takes a second to make.
var bigPhoto = sync.OnceValue(func() []byte { return imagingtest.Photo(4000, 3000, 1) })

//go:embed testdata/*.jpg testdata/*.png
var photographs embed.FS

// Source is a host of pictures on loopback. It serves
//
//	/rocket.jpg …   the photographs of testdata
//	/sideways.jpg   a photo that a camera took held upright, with GPS in its EXIF
//	/big.jpg        one of 12 megapixels
//	/broken.jpg     one that is cut off
//	/n/N            a different file of the same picture for each N
//	/held/N         the same, for whoever asks first a byte each second until
//	                it is released (mind FETCH_TIMEOUT); later requests get
//	                another file, and at once
//	/flaky          503 at first, then a photograph
type Source struct {
	*httptest.Server

	Held    chan string // the paths below /held/, as they are asked for
	Release func()      // sends what is held

	files    map[string][]byte
	served   atomic.Int64
	released chan struct{}
	seen     sync.Map // paths that were asked for
}

// NewSource starts a host.
func NewSource(t *testing.T) *Source {
	t.Helper()
	s := &Source{
		Held: make(chan string, 100), released: make(chan struct{}), files: map[string][]byte{},
	}
	s.Release = sync.OnceFunc(func() { close(s.released) })
	for _, name := range []string{"rocket.jpg", "retina.jpg", "coffee.png", "chelsea.png"} {
		content, err := photographs.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		s.files[name] = content
	}
	s.files["sideways.jpg"] = imagingtest.WithEXIF(s.files["rocket.jpg"], 6, true)
	s.files["broken.jpg"] = s.files["retina.jpg"][:60_000]
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	t.Cleanup(s.Release)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.served.Add(1)
	_, again := s.seen.LoadOrStore(r.URL.Path, true)
	kind, number, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch kind {
	case "held":
		s.Held <- r.URL.Path
		if again {
			number += "-later"
		} else {
			Trickle(w, r, WithComment(s.files["rocket.jpg"], number), s.released)
			return
		}
		fallthrough
	case "n":
		_, _ = w.Write(WithComment(s.files["rocket.jpg"], number))
		return
	case "big.jpg":
		_, _ = w.Write(bigPhoto())
		return
	case "flaky":
		if !again {
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		kind = "rocket.jpg"
	}
	body, ok := s.files[kind]
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(body)
}

// Served is how many requests it had.
func (s *Source) Served() int64 { return s.served.Load() }

// Numbered returns n URLs of different files.
func (s *Source) Numbered(from, n int) []string {
	urls := make([]string, n)
	for i := range urls {
		urls[i] = fmt.Sprintf("%s/n/%d", s.URL, from+i)
	}
	return urls
}

// WithComment inserts a COM segment after the JPEG's start marker, which makes
// it another file of the same picture.
func WithComment(jpeg []byte, text string) []byte {
	out := append([]byte{}, jpeg[:2]...)
	out = append(out, 0xff, 0xfe)
	out = binary.BigEndian.AppendUint16(out, uint16(2+len(text)))
	out = append(out, text...)
	return append(out, jpeg[2:]...)
}

// Trickle sends a byte each second until the channel is closed, then the rest; it ends
// when the client goes. So the server is not silent, and only the limit of a whole
// download, FETCH_TIMEOUT, can end it.
func Trickle(w http.ResponseWriter, r *http.Request, body []byte, until <-chan struct{}) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		_, _ = w.Write(body[:1])
		_ = http.NewResponseController(w).Flush()
		body = body[1:]
		select {
		case <-until:
			_, _ = w.Write(body)
			return
		case <-r.Context().Done():
			return
		case <-second.C:
		}
	}
}

// EveryAddress serves on all loopback addresses and returns the port: each address is
// a host of its own, which the handler finds in Request.Host.
func EveryAddress(t *testing.T, handler http.Handler) (port string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // those that hang
		server.Close()
	})
	if _, port, err = net.SplitHostPort(listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	return port
}
