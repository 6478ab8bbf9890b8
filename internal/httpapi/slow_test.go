package httpapi_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine.dev/internal/httpkit/server"
)

// shortLimits are the time-outs of these tests, each different, so that the
// time a connection lived tells which one ended it.
func shortLimits() server.Limits {
	return server.Limits{
		HeaderTimeout: 300 * time.Millisecond, ReadTimeout: 900 * time.Millisecond, WriteTimeout: 2 * time.Second,
		IdleTimeout: 600 * time.Millisecond, MaxHeaderBytes: 64 << 10,
	}
}

// wantCut asserts that a connection was ended by the limit: not before it, and
// soon after.
func wantCut(t *testing.T, took, limit time.Duration) {
	t.Helper()
	if took < limit-50*time.Millisecond || took > limit+5*time.Second {
		t.Errorf("the connection was ended after %v, want soon after %v", took, limit)
	}
}

// TestSlowClients drips a byte or a line every 20 ms, for ever.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	limits := shortLimits()
	for name, tc := range map[string]struct {
		first, piece string
		limit        time.Duration
		said         string // what the answer begins with, "" for none but 400
	}{
		"nothing at all":      {"", "", limits.HeaderTimeout, ""},
		"request line":        {"G", "E", limits.HeaderTimeout, ""},
		"header fields":       {"GET /healthz HTTP/1.1\r\nHost: a\r\n", "X-A: b\r\n", limits.HeaderTimeout, ""},
		"one header field":    {"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: ", "b", limits.HeaderTimeout, ""},
		"body":                {post("", "Content-Length: 100000"), " ", limits.ReadTimeout, "HTTP/1.1 408 "},
		"chunked body":        {post("", "Transfer-Encoding: chunked"), "1\r\n \r\n", limits.ReadTimeout, "HTTP/1.1 408 "},
		"chunk extension":     {post("1;", "Transfer-Encoding: chunked"), "x", limits.ReadTimeout, "HTTP/1.1 408 "},
		"trailers":            {post("0\r\n", "Transfer-Encoding: chunked"), "X-A: b\r\n", limits.ReadTimeout, "HTTP/1.1 4"},
		"body after Expect":   {post("", "Content-Length: 100000", "Expect: 100-continue"), " ", limits.ReadTimeout, "HTTP/1.1 100 "},
		"unread body":         {"PUT /products HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", " ", limits.ReadTimeout, "HTTP/1.1 405 "},
		"nothing after one":   {get("/healthz"), "", limits.IdleTimeout, "HTTP/1.1 200 "},
		"the next, unhurried": {get("/healthz") + "GET /", "a", limits.HeaderTimeout, "HTTP/1.1 200 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dial(t, onWire(t, newSetup(t).handler, limits))
			took, said := p.drip(tc.first, tc.piece)
			wantCut(t, took, tc.limit)
			if tc.said == "" && said != "" { // a truncated message may be answered 400
				tc.said = "HTTP/1.1 400 "
			}
			if !strings.HasPrefix(said, tc.said) {
				t.Errorf("the server sent %.200q, want %q", said, tc.said)
			}
		})
	}
}

// TestSlowHeadersAtTheShippedLimit is one of them at the limit that the API is
// served with.
func TestSlowHeadersAtTheShippedLimit(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: it waits for the five seconds")
	}
	p := dial(t, onWire(t, newSetup(t).handler, server.DefaultLimits()))
	took, _ := p.drip("GET /healthz HTTP/1.1\r\nHost: a\r\n", "X-A: b\r\n")
	wantCut(t, took, 5*time.Second)
}

// TestSlowReader asks for more than the buffers between hold and does not read
// it: the handler is freed after WriteTimeout.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	limits := shortLimits()
	limits.WriteTimeout = 500 * time.Millisecond
	freed := make(chan time.Duration, 1)
	p := dial(t, onWire(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		started := time.Now()
		block := bytes.Repeat([]byte("x"), 1<<20)
		for range 1024 {
			if _, err := w.Write(block); err != nil {
				break
			}
		}
		freed <- time.Since(started)
	}), limits))
	p.send(get("/"))
	select {
	case took := <-freed:
		wantCut(t, took, limits.WriteTimeout)
	case <-time.After(patience):
		t.Fatal("the handler still writes")
	}
}

// TestSlowOnesDoNotStandInTheWay: a thousand slow-loris connections are held
// open while others are served.
func TestSlowOnesDoNotStandInTheWay(t *testing.T) {
	t.Parallel()
	limits := shortLimits()
	limits.HeaderTimeout = patience
	addr := onWire(t, newSetup(t).handler, limits)
	for range 1000 {
		dial(t, addr).send("GET / HTTP/1.1\r\nX-A:")
	}
	started := time.Now()
	p := dial(t, addr)
	p.send(get("/healthz"))
	if status, body, _ := p.answer(); status != http.StatusOK {
		t.Errorf("status %d: %s", status, body)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("the answer took %v", took)
	}
}

// TestSameKeyAtOnce sends one create 50 times at the same moment over 50
// connections.
func TestSameKeyAtOnce(t *testing.T) {
	t.Parallel()
	s := newSQLiteSetup(t)
	addr := onWire(t, s.handler, server.DefaultLimits())
	request := post(smartphone, fmt.Sprintf("Content-Length: %d", len(smartphone)), "Idempotency-Key: one")
	var group sync.WaitGroup
	answers := make(chan string, 50)
	for range cap(answers) {
		p := dial(t, addr)
		group.Go(func() {
			p.send(request)
			status, body, header := p.answer()
			answers <- fmt.Sprint(status, body, header["Location"])
		})
	}
	group.Wait()
	first := <-answers
	for range cap(answers) - 1 {
		if another := <-answers; another != first || !strings.HasPrefix(another, "201") {
			t.Errorf("answers %q and %q", first, another)
		}
	}
	if list := ids(t, s.do(http.MethodGet, "/products?user_id=1", "")); len(list) != 1 {
		t.Errorf("products %v, want one", list)
	}
}

// TestLimitsAreStated compares what is documented.
func TestLimitsAreStated(t *testing.T) {
	t.Parallel()
	want := server.Limits{
		HeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 65536,
	}
	if got := server.DefaultLimits(); got != want {
		t.Errorf("limits %+v; docs/operations.md says %+v", got, want)
	}
}
