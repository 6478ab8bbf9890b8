package testserver

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// TCPProxy stands between a client and a server and makes the faults of a
// network. All methods may be called at any time, also by several goroutines.
type TCPProxy struct {
	tb           testing.TB
	addr, target string
	stopped      chan struct{}
	wait         sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener          // nil while cut
	conns    map[net.Conn]struct{} // both sides of every connection
	requests gate                  // client to server
	replies  gate                  // server to client
	delay    time.Duration
}

// Proxy starts a proxy in front of target (host:port); it ends with the test.
func Proxy(tb testing.TB, target string) *TCPProxy {
	tb.Helper()
	p := &TCPProxy{
		tb: tb, addr: Address(tb), target: target,
		stopped: make(chan struct{}), conns: map[net.Conn]struct{}{},
	}
	if err := p.listen(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		close(p.stopped)
		p.Cut()
		p.wait.Wait()
	})
	return p
}

// Addr returns host:port, the same over Cut and Restore.
func (p *TCPProxy) Addr() string { return p.addr }

// Cut drops all connections (the client sees a reset or an end) and refuses
// new ones.
func (p *TCPProxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = shutDown(p.listener)
		p.listener = nil
	}
	for conn := range p.conns {
		_ = shutDown(conn)
	}
	clear(p.conns)
}

// Restore accepts connections again after Cut. Should the port have been taken
// meanwhile, the test is marked as failed.
func (p *TCPProxy) Restore() {
	if err := p.listen(); err != nil {
		p.tb.Errorf("restore proxy: %v", err)
	}
}

// Stall keeps connections open and accepts new ones, but passes nothing.
func (p *TCPProxy) Stall() {
	p.requests.shut()
	p.replies.shut()
}

// StallReplies passes what the client sends, but none of the answers: the
// server does the work and the client cannot know.
func (p *TCPProxy) StallReplies() { p.replies.shut() }

// Resume ends Stall and StallReplies; what was held back goes on its way.
func (p *TCPProxy) Resume() {
	p.requests.open()
	p.replies.open()
}

// Delay holds every piece of data, in both directions, for d. Zero ends it.
func (p *TCPProxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// HalfClose ends what clients send on every connection that is open now: the
// server sees the end of its input and may still answer.
func (p *TCPProxy) HalfClose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		if half, ok := conn.(*net.TCPConn); ok && conn.RemoteAddr().String() == p.target {
			_ = half.CloseWrite()
		}
	}
}

func (p *TCPProxy) listen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return nil
	}
	listener, err := net.Listen("tcp", p.addr) //nolint:noctx // returns at once
	if err != nil {
		return err
	}
	p.listener = listener
	p.wait.Go(func() { p.accept(listener) })
	return nil
}

func (p *TCPProxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target) //nolint:noctx // loopback: answers at once
		if err != nil {
			_ = shutDown(client)
			continue
		}
		if !p.track(listener, client, server) {
			return
		}
		p.wait.Go(func() { p.join(client, server) })
	}
}

// track notes a pair for Cut, unless the listener it came by has been cut.
func (p *TCPProxy) track(listener net.Listener, conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		if p.listener != listener {
			_ = shutDown(conn)
			continue
		}
		p.conns[conn] = struct{}{}
	}
	return p.listener == listener
}

// join passes data both ways until both ways have ended.
func (p *TCPProxy) join(client, server net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { p.pass(client, server, &p.requests) })
	both.Go(func() { p.pass(server, client, &p.replies) })
	both.Wait()
	p.drop(client, server)
}

// pass copies one direction; an end of data is passed on as a half-close, an
// error closes both sides.
func (p *TCPProxy) pass(from, to net.Conn, through *gate) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !p.hold(through) {
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				p.drop(from, to)
				return
			}
		}
		if err != nil {
			p.end(from, to, err)
			return
		}
	}
}

// gate holds back those who pass while it is shut. The zero gate is open.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // nil while open; closed by open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		g.opened = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

// closed returns nil while the gate is open, else what is closed by open.
func (g *gate) closed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened
}

// hold waits for the delay and the gate. It reports false when the proxy ends.
func (p *TCPProxy) hold(through *gate) bool {
	p.mu.Lock()
	delay := p.delay
	p.mu.Unlock()
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.stopped:
			return false
		}
	}
	for opened := through.closed(); opened != nil; opened = through.closed() {
		select {
		case <-opened:
		case <-p.stopped:
			return false
		}
	}
	return true
}

// end passes the end of one direction on.
func (p *TCPProxy) end(from, to net.Conn, err error) {
	half, ok := to.(*net.TCPConn)
	if !ok || !errors.Is(err, io.EOF) || half.CloseWrite() != nil {
		p.drop(from, to)
	}
}

func (p *TCPProxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		_ = shutDown(conn)
		delete(p.conns, conn)
	}
}
