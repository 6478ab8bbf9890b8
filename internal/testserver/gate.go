package testserver

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

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
		_ = conn.Close()
		delete(p.conns, conn)
	}
}
