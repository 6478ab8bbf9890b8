package fetch_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fetch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/safehttp/safehttptest"
)

func TestNames(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	n.DNS.Put("empty.test", safehttptest.Answer{})
	n.DNS.Put("broken.test", safehttptest.Answer{Code: safehttptest.CodeServerFailure})
	f := n.fetcher(t, limits())
	for host, want := range map[string]fault.Reason{
		"gone.test": fault.SourceNotFound, "empty.test": fault.SourceNotFound, "no-such-tld": fault.SourceNotFound,
		"broken.test":                      fault.SourceUnreachable,
		strings.Repeat("a", 64) + ".test":  fault.SourceNotFound,
		strings.Repeat("a.", 130) + "test": fault.SourceNotFound,
		"xn--a.test":                       fault.SourceNotFound,
		"under_score.test":                 fault.SourceNotFound,
		"-dash-.test":                      fault.SourceNotFound,
	} {
		_, err := f.Fetch(t.Context(), "http://"+host+"/")
		wantReason(t, host, err, want)
		n.Untouched(t, host)
	}
}

func TestNameServerThatIsSilent(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	n.DNS.Put("silent.test", safehttptest.Answer{Silent: true})
	for name, limit := range map[string]func(*fetch.Config){
		"connection": func(c *fetch.Config) { c.DialTimeout = soon }, "whole": whole,
	} {
		cfg := limits()
		limit(&cfg)
		_, err := n.fetcher(t, cfg).Fetch(t.Context(), "http://silent.test/")
		wantReason(t, name, err, fault.SourceTimeout)
	}
}

// TestPatience: an answer that has not begun in time is too slow, one that has may
// take as long as any.
func TestPatience(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	release := make(chan struct{})
	base := n.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/begun" {
			_, _ = w.Write([]byte("pic"))
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
		_, _ = w.Write([]byte("ture"))
	})
	f := n.fetcher(t, limits())
	_, err := f.Fetcher.Fetch(t.Context(), media.Source{URL: base + "/silent", Patience: soon}, io.Discard)
	wantReason(t, "silent", err, fault.SourceTimeout)
	const patience = 2 * time.Second
	time.AfterFunc(patience+time.Second, func() { close(release) })
	var body bytes.Buffer
	if _, err := f.Fetcher.Fetch(t.Context(), media.Source{URL: base + "/begun", Patience: patience}, &body); err != nil || body.String() != "picture" {
		t.Errorf("got %q, %v", &body, err)
	}
}

func TestNoOneListens(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		t.Fatal(err)
	}
	base := n.Add(listener.Addr(), "http")
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = n.fetcher(t, limits()).Fetch(t.Context(), base)
	wantReason(t, "no one listens", err, fault.SourceUnreachable)
}

func TestConnectionsAreKeptAndClosed(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	var opened atomic.Int64
	closed := make(chan struct{}, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(rw, r, "/there", http.StatusFound)
			return
		}
		_, _ = io.WriteString(rw, "picture")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			opened.Add(1)
		case http.StateClosed:
			closed <- struct{}{}
		default:
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	base := n.Add(server.Listener.Addr(), "http")
	f := n.fetcher(t, limits())
	for range 10 {
		if _, err := f.Fetch(t.Context(), base); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for ten pictures in a row, want 1", n)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection is still open after Close")
	}
}

func TestConnectionsToOneHostAreBounded(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	const bound, fetches = 3, 12
	var opened, asked atomic.Int64
	full := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == bound {
			close(full)
		}
		<-full
		_, _ = io.WriteString(rw, "picture")
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	base := n.Add(server.Listener.Addr(), "http")
	cfg := limits()
	cfg.MaxConnsPerHost = bound
	f := n.fetcher(t, cfg)
	var wait sync.WaitGroup
	for range fetches {
		wait.Go(func() {
			if _, err := f.Fetch(t.Context(), base); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := opened.Load(); got != bound {
		t.Errorf("%d connections for %d downloads at once, want %d", got, fetches, bound)
	}
}
