package burst_test

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/imaging/imagingtest"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

const (
	goodHosts    = 180
	failingHosts = 20
)

// source is many hosts: one server on every loopback address, which tells them
// apart by the address asked for.
type source struct {
	port    string
	closed  string // a port that no one listens on
	picture []byte
}

func newSource(t *testing.T) *source {
	t.Helper()
	s := &source{picture: imagingtest.JPEG(imagingtest.Picture(200, 150, 7), 90)}
	s.port = systemtest.EveryAddress(t, s)
	var err error
	if _, s.closed, err = net.SplitHostPort(testserver.Address(t)); err != nil {
		t.Fatal(err)
	}
	return s
}

// good is the URL of the n-th good picture of a run.
func (s *source) good(run string, n int) string {
	return fmt.Sprintf("http://127.0.1.%d:%s/%s/%d", 1+n%goodHosts, s.port, run, n)
}

// bad is the URL of the n-th failing picture: five kinds of hosts.
func (s *source) bad(run string, n int) string {
	host, port := n%failingHosts, s.port
	if host%5 == 0 {
		port = s.closed
	}
	return fmt.Sprintf("http://127.0.2.%d:%s/%s/%d", 1+host, port, run, n)
}

// reason is the truth about a URL, "" for a good one.
func (s *source) reason(url string) string {
	host, failing := failingHost(strings.TrimPrefix(url, "http://"))
	switch {
	case !failing:
		return ""
	case host%5 == 1:
		return "source_timeout"
	default:
		return "source_unreachable"
	}
}

func failingHost(address string) (host int, failing bool) {
	address, _, _ = strings.Cut(address, ":")
	last, failing := strings.CutPrefix(address, "127.0.2.")
	n, err := strconv.Atoi(last)
	return n - 1, failing && err == nil
}

func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, failing := failingHost(r.Host)
	if !failing {
		_, _ = w.Write(systemtest.WithComment(s.picture, r.URL.Path))
		return
	}
	switch host % 5 {
	case 1:
		<-r.Context().Done() // hangs
	case 2:
		w.WriteHeader(http.StatusInternalServerError)
	case 3:
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Length", strconv.Itoa(len(s.picture)))
		_, _ = w.Write(s.picture[:len(s.picture)/2])
		_ = http.NewResponseController(w).Flush()
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = c.Close()
		}
	}
}
