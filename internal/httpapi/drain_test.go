package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/httpkit/server"
)

// inChunks is a body of so many bytes in chunks of 32 KiB.
func inChunks(size int) []byte {
	chunk := fmt.Appendf(nil, "%x\r\n%s\r\n", 32<<10, bytes.Repeat([]byte(" "), 32<<10))
	return append(bytes.Repeat(chunk, size/(32<<10)), "0\r\n\r\n"...)
}

// framed is the header of a body and the body.
func framed(size int, chunked bool) (header string, body []byte) {
	if chunked {
		return "Transfer-Encoding: chunked", inChunks(size)
	}
	return fmt.Sprintf("Content-Length: %d", size), bytes.Repeat([]byte(" "), size)
}

// writeAll sends head and body to the end before it reads anything, and reports
// the status or what broke the client off.
func writeAll(t *testing.T, addr, head string, body []byte) (status int, err error) {
	t.Helper()
	p := dial(t, addr)
	defer p.conn.Close()
	for _, part := range [][]byte{[]byte(head), body} {
		if _, err := p.conn.Write(part); err != nil {
			return 0, fmt.Errorf("write: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), strings.Fields(head)[0], "/", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(p.reader, r)
	for err == nil && resp.StatusCode == http.StatusContinue { // which was not waited for
		resp, err = http.ReadResponse(p.reader, r)
	}
	if err != nil {
		return 0, fmt.Errorf("read: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, fmt.Errorf("read: %w", err)
	}
	return resp.StatusCode, nil
}

// TestTooLargeIsAnswered: a client that writes first and reads later gets its
// 413, however long its body is.
func TestTooLargeIsAnswered(t *testing.T) {
	t.Parallel()
	each := 100
	if testing.Short() {
		each = 3
	}
	addr := onWire(t, newSetup(t).handler, server.DefaultLimits())
	answered, wanted := 0, 0
	for _, megabytes := range []int{2, 8, 32} {
		for _, chunked := range []bool{false, true} {
			header, body := framed(megabytes<<20, chunked)
			var good atomic.Int64
			slots := make(chan struct{}, 4)
			var group sync.WaitGroup
			for range each {
				slots <- struct{}{}
				group.Go(func() {
					defer func() { <-slots }()
					// Whom a busy machine keeps from sending for the second of grace is
					// cut off like anyone who does not send.
					for began, took := time.Now(), time.Minute; took > time.Second; took, began = time.Since(began), time.Now() {
						status, err := writeAll(t, addr, post("", header), body)
						if status == http.StatusRequestEntityTooLarge {
							good.Add(1)
							return
						}
						t.Logf("%d MiB, chunked %t: status %d, %v", megabytes, chunked, status, err)
					}
				})
			}
			group.Wait()
			answered, wanted = answered+int(good.Load()), wanted+each
		}
	}
	if answered != wanted {
		t.Errorf("%d of %d got 413", answered, wanted)
	}
}

// TestEarlyAnswersArrive: so does the client of every other answer that is given
// before the body was read.
func TestEarlyAnswersArrive(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		head string // without the framing
		want int
	}{
		"no such path":         {"POST /nothing HTTP/1.1\r\n", 404},
		"no such product":      {"DELETE /products/7 HTTP/1.1\r\n", 404},
		"method":               {"PUT /products HTTP/1.1\r\n", 405},
		"type":                 {"POST /products HTTP/1.1\r\nContent-Type: text/plain\r\n", 415},
		"no type":              {"PATCH /products/7 HTTP/1.1\r\n", 415},
		"coding":               {"POST /products HTTP/1.1\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n", 415},
		"path":                 {"PATCH /products/x HTTP/1.1\r\n", 422},
		"precondition":         {"PATCH /products/7 HTTP/1.1\r\nIf-Match: x\r\n", 400},
		"idempotency key":      {"POST /products HTTP/1.1\r\nIdempotency-Key: " + strings.Repeat("k", 300) + "\r\n", 400},
		"a read":               {"GET /healthz HTTP/1.1\r\n", 200},
		"a head":               {"HEAD /healthz HTTP/1.1\r\n", 200},
		"a path to be cleaned": {"POST //products HTTP/1.1\r\n", 404},
		"dead letters":         {"POST /dead-letters/replay HTTP/1.1\r\nContent-Type: text/plain\r\n", 415},
		"not to be kept":       {"POST /nothing HTTP/1.1\r\nConnection: close\r\n", 404},
		"HTTP/1.0":             {"POST /nothing HTTP/1.0\r\n", 404},
		"expects":              {"POST /nothing HTTP/1.1\r\nExpect: 100-continue\r\n", 404},
		"expects too much":     {"POST /products HTTP/1.1\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n", 413},
		"database away":        {"DELETE /products/503 HTTP/1.1\r\n", 503},
		"a panic":              {"GET /images/a HTTP/1.1\r\n", 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSetup(t)
			switch tc.want {
			case http.StatusServiceUnavailable:
				s.store.Fail(fault.New(fault.Unavailable, "away"))
			case http.StatusInternalServerError:
				s = newPanickingSetup(t, false)
			}
			addr := onWire(t, s.handler, server.DefaultLimits())
			for _, size := range []int{128 << 10, 2 << 20, 8 << 20} {
				for _, chunked := range []bool{false, true} {
					if chunked && strings.Contains(tc.head, "HTTP/1.0") || size < 1<<20 && tc.want == 413 {
						continue
					}
					header, body := framed(size, chunked)
					status, err := writeAll(t, addr, tc.head+"Host: a\r\n"+header+"\r\n\r\n", body)
					if status != tc.want {
						t.Errorf("%d bytes, chunked %t: status %d, want %d: %v", size, chunked, status, tc.want, err)
					}
				}
			}
		})
	}
}

// TestEarlyAnswerIsAtOnce: the answer does not wait for a body that no one will
// read.
func TestEarlyAnswerIsAtOnce(t *testing.T) {
	t.Parallel()
	limits := server.DefaultLimits()
	limits.ReadTimeout = 2 * patience // longer than the client waits
	addr := onWire(t, newSetup(t).handler, limits)
	for _, header := range []string{"Content-Length: 2000000", "Transfer-Encoding: chunked"} {
		p := dial(t, addr)
		p.send("PUT /products HTTP/1.1\r\nHost: a\r\n" + header + "\r\n\r\n")
		if status, body, _ := p.answer(); status != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d: %s", header, status, body)
		}
	}
}

// TestDrainIsBounded: what follows the answer is read for a limited time.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	endless := strings.Repeat(" ", 1<<20)
	const (
		limit   = 1 << 20   // of a body, which is read until it is beyond
		drained = 64 << 20  // after the answer
		closing = 256 << 10 // by net/http, before it closes
		buffer  = 64 << 10
	)
	for name, tc := range map[string]struct {
		head, piece string
		pause       time.Duration
		most        int64 // bytes that the server may read beside the header and a buffer
	}{
		"endless, with a length": {post("", "Content-Length: 9223372036854775807"), endless, 0, drained},
		"endless chunks":         {post("", "Transfer-Encoding: chunked"), fmt.Sprintf("%x\r\n%s\r\n", len(endless), endless), 0, limit + drained + closing},
		"one endless chunk":      {post("7fffffffffffffff\r\n", "Transfer-Encoding: chunked"), endless, 0, limit + drained + closing},
		"a trickle":              {post("", "Content-Length: 9000000"), " ", 20 * time.Millisecond, 0},
		"a trickle of chunks":    {"PUT /products HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", 20 * time.Millisecond, 0},
		"nothing more":           {post("", "Content-Length: 9000000"), "", 20 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, read := onCountedWire(t, newSetup(t).handler, server.DefaultLimits())
			p := dial(t, addr)
			p.send(tc.head)
			closed := make(chan struct{})
			go func() {
				defer close(closed)
				_, _ = io.Copy(io.Discard, p.reader) // its own deadline ends it
			}()
			for open := true; open; {
				_, err := io.WriteString(p.conn, tc.piece)
				open = err == nil
				select {
				case <-closed:
					open = false
				case <-time.After(tc.pause):
				}
			}
			took := time.Since(p.dialed)
			if n := read.Load(); n > tc.most+buffer || took > patience-time.Second {
				t.Errorf("%d bytes were read in %v", n, took)
			}
		})
	}
}

// TestDrainsAreCounted: while 64 connections are drained, the next gets its
// answer and no more; after them there is room again.
func TestDrainsAreCounted(t *testing.T) {
	t.Parallel()
	const drains = 64
	addr := onWire(t, newSetup(t).handler, server.DefaultLimits())
	head := post("", "Content-Length: 60000000")
	stop := make(chan struct{})
	var group sync.WaitGroup
	held := make([]*peer, drains)
	for i := range held {
		held[i] = dial(t, addr)
		held[i].send(head)
		if status, _, _ := held[i].answer(); status != http.StatusRequestEntityTooLarge {
			t.Fatalf("status %d", status)
		}
		group.Go(func() { // fast enough to be borne with
			block := strings.Repeat(" ", 128<<10)
			for range 400 {
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Millisecond):
				}
				if _, err := io.WriteString(held[i].conn, block); err != nil {
					return
				}
			}
		})
	}
	next := dial(t, addr)
	next.send(head)
	if status, _, _ := next.answer(); status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", status)
	}
	if more := next.rest(); more != "" {
		t.Errorf("the server sent more: %q", more)
	}
	close(stop)
	group.Wait()
	for _, p := range held {
		_ = p.conn.Close()
	}
	_, body := framed(2<<20, false)
	for deadline := time.Now().Add(patience); ; {
		status, err := writeAll(t, addr, post("", "Content-Length: 2097152"), body)
		if status == http.StatusRequestEntityTooLarge {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("status %d, %v", status, err)
		}
	}
}
