package httpapi_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine.dev/internal/httpkit/server"
)

// patience bounds every wait for an answer, also under load.
const patience = 20 * time.Second

// onWire puts the handler behind the server that is shipped, on a port of its
// own, and returns the address.
func onWire(t *testing.T, h http.Handler, l server.Limits) string {
	t.Helper()
	addr, _ := onCountedWire(t, h, l)
	return addr
}

// onCountedWire also returns how many bytes the server has read of its connections.
func onCountedWire(t *testing.T, h http.Handler, l server.Limits) (addr string, read *atomic.Int64) {
	t.Helper()
	tcp, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := &countedListener{Listener: tcp}
	server := l.Server(h, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	return tcp.Addr().String(), &listener.read
}

type countedListener struct {
	net.Listener

	read atomic.Int64
}

func (l *countedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("a connection of type %T", conn)
	}
	return &countedConn{tcp, &l.read}, nil
}

// countedConn has all that a server makes use of, as to close one direction.
type countedConn struct {
	*net.TCPConn

	read *atomic.Int64
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// peer is a client that writes bytes instead of requests.
type peer struct {
	t      *testing.T
	conn   *net.TCPConn
	reader *bufio.Reader
	dialed time.Time // no later than the server knew of the connection
}

func dial(t *testing.T, addr string) *peer {
	t.Helper()
	dialed := time.Now()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		t.Fatalf("a connection of type %T", conn)
	}
	return &peer{t: t, conn: tcp, reader: bufio.NewReader(conn), dialed: dialed}
}

// send writes; that the server has closed meanwhile shows in the answer.
func (p *peer) send(text string) { _, _ = io.WriteString(p.conn, text) }

// answer reads one answer, the zero status for a connection that was closed.
func (p *peer) answer() (status int, body string, header http.Header) {
	p.t.Helper()
	resp, err := http.ReadResponse(p.reader, nil)
	if err != nil {
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			p.t.Fatal("no answer came, and the connection was not closed")
		}
		return 0, "", nil
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatalf("read answer: %v", err)
	}
	return resp.StatusCode, string(b), resp.Header
}

// rest is what else is sent before the server closes the connection.
func (p *peer) rest() string {
	p.t.Helper()
	b, err := io.ReadAll(p.reader)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		p.t.Fatal("the connection was not closed")
	}
	return string(b)
}

// drip sends a piece every 20 ms until the server closes, and returns how long
// the connection lived and what the server said.
func (p *peer) drip(first, piece string) (took time.Duration, said string) {
	p.t.Helper()
	p.send(first)
	closed := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(p.reader) // its own deadline ends it
		closed <- string(b)
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case said := <-closed:
			return time.Since(p.dialed), said
		case <-tick.C:
			p.send(piece)
		}
	}
}

// get is a request for a path that needs no database.
func get(path string, headers ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: shop.test\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

// post is a create with a body, whose framing the headers give.
func post(body string, headers ...string) string {
	return "POST /products HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n" +
		strings.Join(append(headers, ""), "\r\n") + "\r\n" + body
}
