package fetch_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fetch"
)

func TestNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.put("empty.test", answer{})
	w.dns.put("broken.test", answer{code: codeServerFailure})
	f := w.fetcher(t, limits())
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
		w.untouched(t, host)
	}
}

func TestNameServerThatIsSilent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.dns.put("silent.test", answer{silent: true})
	for name, limit := range map[string]func(*fetch.Config){
		"connection": func(c *fetch.Config) { c.DialTimeout = soon }, "whole": whole,
	} {
		cfg := limits()
		limit(&cfg)
		_, err := w.fetcher(t, cfg).Fetch(t.Context(), "http://silent.test/")
		wantReason(t, name, err, fault.SourceTimeout)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		t.Fatal(err)
	}
	base := w.add(listener.Addr(), "http")
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = w.fetcher(t, limits()).Fetch(t.Context(), base)
	wantReason(t, "nobody listens", err, fault.SourceUnreachable)
}

func TestConnectionsAreKeptAndClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
	base := w.add(server.Listener.Addr(), "http")
	f := w.fetcher(t, limits())
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
	w := newWorld(t)
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
	base := w.add(server.Listener.Addr(), "http")
	cfg := limits()
	cfg.MaxConnsPerHost = bound
	f := w.fetcher(t, cfg)
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

// A proxy would connect where the guard cannot see.
func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "http://127.0.0.1:"+strconv.Itoa(int(w.canary.port)))
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		t.Setenv(name, "")
	}
	base := w.serve(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "picture") })
	if body, err := w.fetcher(t, limits()).Fetch(t.Context(), base); err != nil || string(body) != "picture" {
		t.Errorf("got %q, %v", body, err)
	}
	w.untouched(t, "proxy")
}
