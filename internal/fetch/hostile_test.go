package fetch_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fetch"
)

// soon is a limit that a case runs into. Everything else is far away, so each
// case shows that this limit alone ends it.
const soon = 150 * time.Millisecond

// hostile is a server that answers one request with whatever talk writes.
type hostile struct {
	name  string
	talk  func(net.Conn)
	limit func(*fetch.Config)
	want  fault.Reason // none: the body is "picture"
}

func say(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

// hang says text, then nothing until the other side leaves.
func hang(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		_, _ = io.Copy(io.Discard, conn)
	}
}

// forever says first, then more without an end.
func forever(first, more string) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, first)
		for err == nil {
			_, err = io.WriteString(conn, more)
		}
	}
}

// drip says first, then one byte of more at a time.
func drip(first, more string) func(net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, first)
		tick := time.NewTicker(soon / 10)
		defer tick.Stop()
		for i := 0; err == nil; i++ {
			<-tick.C
			_, err = conn.Write([]byte{more[i%len(more)]})
		}
	}
}

// reset ends the connection with a reset instead of an end.
func reset(text string) func(net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
}

func whole(c *fetch.Config)  { c.Timeout = soon }
func header(c *fetch.Config) { c.HeaderTimeout = soon }
func idle(c *fetch.Config)   { c.IdleTimeout = soon }

const ok = "HTTP/1.1 200 OK\r\n"

func hostileBodies() []hostile {
	chunked := ok + "Transfer-Encoding: chunked\r\n\r\n"
	return []hostile{
		{"plain", say(ok + "Content-Length: 7\r\n\r\npicture"), nil, ""},
		{"until the end of the connection", say(ok + "\r\npicture"), nil, ""},
		{"chunks", say(chunked + "3\r\npic\r\n4;x=y\r\nture\r\n0\r\nTrailer: x\r\n\r\n"), nil, ""},
		{"more than it says", say(ok + "Content-Length: 7\r\n\r\npicture and a payload"), nil, ""},
		{"an older version", say("HTTP/1.0 200 OK\r\n\r\npicture"), nil, ""},
		{"hints first", say("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok + "Content-Length: 7\r\n\r\npicture"), nil, ""},

		{"less than it says", say(ok + "Content-Length: 8\r\n\r\npicture"), nil, fault.SourceUnreachable},
		{"far less than it says", say(ok + "Content-Length: 1000000\r\n\r\n"), nil, fault.SourceUnreachable},
		{"chunks without an end", say(chunked + "7\r\npicture\r\n"), nil, fault.SourceUnreachable},
		{"a chunk cut short", say(chunked + "ff\r\npicture"), nil, fault.SourceUnreachable},
		{"reset in the middle", reset(ok + "Content-Length: 1000000\r\n\r\npicture"), nil, fault.SourceUnreachable},

		{"says too much", hang(ok + "Content-Length: 1048577\r\n\r\n"), nil, fault.TooLargeBytes},
		{"says 8 EiB", hang(ok + "Content-Length: 9223372036854775807\r\n\r\n"), nil, fault.TooLargeBytes},
		{"endless", forever(ok+"\r\n", strings.Repeat("x", 32<<10)), nil, fault.TooLargeBytes},
		{"endless chunks", forever(chunked, "8000\r\n"+strings.Repeat("x", 32<<10)+"\r\n"), nil, fault.TooLargeBytes},
		{"one chunk of 8 EiB", forever(chunked+"7fffffffffffffff\r\n", strings.Repeat("x", 32<<10)), nil, fault.TooLargeBytes},

		{"says more than a number holds", say(ok + "Content-Length: 99999999999999999999\r\n\r\n"), nil, fault.SourceUnreachable},
		{"says less than nothing", say(ok + "Content-Length: -1\r\n\r\npicture"), nil, fault.SourceUnreachable},
		{"says two lengths", say(ok + "Content-Length: 7\r\nContent-Length: 8\r\n\r\npicture"), nil, fault.SourceUnreachable},
		{"a chunk of no number", say(chunked + "picture\r\n"), nil, fault.SourceUnreachable},
		{"a chunk too great for a number", say(chunked + "fffffffffffffffff\r\n"), nil, fault.SourceUnreachable},
		{"an endless chunk extension", forever(chunked+"1;", strings.Repeat("x", 32<<10)), nil, fault.SourceUnreachable},
		{"chunks of nothing but extensions", forever(chunked, "1;"+strings.Repeat("x", 1000)+"\r\nx\r\n"), nil, fault.SourceUnreachable},
		{"an endless trailer", forever(chunked+"1\r\nx\r\n0\r\n", "X-Trailer: "+strings.Repeat("x", 1000)+"\r\n"), nil, fault.SourceUnreachable},
		{"a packed transfer", say(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), nil, fault.SourceUnreachable},
		{"a packed body", forever(ok+"Content-Encoding: gzip\r\n\r\n", "\x1f\x8b\x08\x00"), nil, fault.DecodeFailed},
		{"a packed body that stops", hang(ok + "Content-Encoding: gzip\r\n\r\n" + string(gzipped([]byte("picture"))[:20])), idle, fault.SourceTimeout},
		{"a packed body that drips", drip(ok+"Content-Encoding: deflate\r\n\r\n", "\x00\x00\x00\xff\xff"), whole, fault.SourceTimeout},
		{"a packed body of nothing", forever(ok+"Content-Encoding: deflate\r\n\r\n", strings.Repeat("\x00\x00\x00\xff\xff", 1000)), nil, fault.TooLargeBytes},
		{"an upgrade", hang("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"), nil, fault.SourceForbidden},

		{"dripping", drip(ok+"\r\n", "x"), whole, fault.SourceTimeout},
		{"dripping chunks", drip(chunked, "1\r\nx\r\n"), whole, fault.SourceTimeout},
		{"no body", hang(ok + "Content-Length: 7\r\n\r\n"), idle, fault.SourceTimeout},
		{"stops in the middle", hang(ok + "Content-Length: 7\r\n\r\npic"), idle, fault.SourceTimeout},
		{"never ends", hang(ok + "\r\npicture"), idle, fault.SourceTimeout},
		{"chunks never end", hang(chunked + "7\r\npicture\r\n"), idle, fault.SourceTimeout},
	}
}

func hostileHeaders() []hostile {
	return []hostile{
		{"hangs up", func(net.Conn) {}, nil, fault.SourceUnreachable},
		{"resets", reset(""), nil, fault.SourceUnreachable},
		{"hangs up in the status", say("HTTP/1."), nil, fault.SourceUnreachable},
		{"hangs up in the header", say(ok + "Content-Len"), nil, fault.SourceUnreachable},
		{"resets in the header", reset(ok + "Content-Len"), nil, fault.SourceUnreachable},

		{"not HTTP", say("SSH-2.0-OpenSSH_9.6\r\n"), nil, fault.SourceUnreachable},
		{"version 0.9", say("<html>picture</html>"), nil, fault.SourceUnreachable},
		{"version 2 unasked", say("\x00\x00\x12\x04\x00\x00\x00\x00\x00"), nil, fault.SourceUnreachable},
		{"no status", say("HTTP/1.1 OK\r\n\r\n"), nil, fault.SourceUnreachable},
		{"status of letters", say("HTTP/1.1 2OO OK\r\n\r\n"), nil, fault.SourceUnreachable},
		{"negative status", say("HTTP/1.1 -20 OK\r\n\r\n"), nil, fault.SourceUnreachable},
		{"header without a colon", say(ok + "picture\r\n\r\n"), nil, fault.SourceUnreachable},
		{"NUL in the header", say(ok + "X: \x00\r\n\r\npicture"), nil, fault.SourceUnreachable},

		{"one endless header", forever(ok+"X-Long: ", strings.Repeat("x", 32<<10)), nil, fault.SourceUnreachable},
		{"endless headers", forever(ok, strings.Repeat("X-Many: x\r\n", 3000)), nil, fault.SourceUnreachable},
		{"an endless status", forever("HTTP/1.1 200 ", strings.Repeat("x", 32<<10)), nil, fault.SourceUnreachable},
		{"endless hints", forever("", "HTTP/1.1 103 Early Hints\r\nLink: </"+strings.Repeat("x", 1000)+">\r\n\r\n"), nil, fault.SourceUnreachable},
		{"endless waiting", forever("", "HTTP/1.1 100 Continue\r\n\r\n"), nil, fault.SourceUnreachable},

		{"no answer", hang(""), header, fault.SourceTimeout},
		{"no end of the header", hang(ok + "Content-Len"), header, fault.SourceTimeout},
		{"dripping header", drip(ok, "X: y\r\n"), header, fault.SourceTimeout},
		{"dripping header, the whole", drip(ok, "X: y\r\n"), whole, fault.SourceTimeout},
	}
}

func TestHostileServers(t *testing.T) {
	t.Parallel()
	for _, c := range append(hostileHeaders(), hostileBodies()...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t)
			base := n.Add(n.serveRaw(t, func(conn net.Conn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					c.talk(conn)
				}
			}), "http")
			cfg := limits()
			if c.limit != nil {
				c.limit(&cfg)
			}
			start := time.Now()
			body, err := n.fetcher(t, cfg).Fetch(t.Context(), base+"/image.jpg")
			if took := time.Since(start); took > limits().Timeout/2 {
				t.Errorf("took %s: another limit than the case's own ended it", took)
			}
			switch {
			case c.want != "":
				wantReason(t, c.name, err, c.want)
			case err != nil || string(body) != "picture":
				t.Errorf("got %q, %v", body, err)
			}
			n.Untouched(t, c.name)
		})
	}
}

// A slow host that goes on sending is served, though it takes longer than the
// limit between two pieces.
func TestSlowButSteady(t *testing.T) {
	t.Parallel()
	const pieces, limit = 30, time.Second
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(limit / 20)
		defer tick.Stop()
		for range pieces {
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
			_, _ = io.WriteString(rw, "x")
			if err := http.NewResponseController(rw).Flush(); err != nil {
				return
			}
		}
	})
	cfg := limits()
	cfg.IdleTimeout = limit
	body, err := n.fetcher(t, cfg).Fetch(t.Context(), base)
	if err != nil || len(body) != pieces {
		t.Errorf("got %d bytes, %v", len(body), err)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	base := n.Serve(t, func(rw http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.URL.Query().Get("size"))
		rw.Header().Set("X-Long", strings.Repeat("x", size))
		_, _ = io.WriteString(rw, "picture")
	})
	cfg := limits()
	cfg.MaxHeaderBytes = 16 << 10
	f := n.fetcher(t, cfg)
	if body, err := f.Fetch(t.Context(), base+"/?size=10000"); err != nil || string(body) != "picture" {
		t.Errorf("10 kB of header: got %q, %v", body, err)
	}
	_, err := f.Fetch(t.Context(), base+"/?size=50000")
	wantReason(t, "50 kB of header", err, fault.SourceUnreachable)
}
