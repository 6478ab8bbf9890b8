package safehttptest

import (
	"net"
	"net/netip"
	"strconv"
	"testing"
)

// Canary listens on both loopback addresses where there are both.
type Canary struct {
	Port      uint16
	listeners []net.Listener
	arrivals  chan string // remote addresses in the order of arrival
}

func newCanary(t *testing.T) *Canary {
	t.Helper()
	first, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // returns at once
	if err != nil {
		t.Fatal(err)
	}
	c := &Canary{Port: netip.MustParseAddrPort(first.Addr().String()).Port(), arrivals: make(chan string, 100)}
	c.listen(t, first)
	if second, err := net.Listen("tcp", "[::1]:"+strconv.Itoa(int(c.Port))); err == nil { //nolint:noctx // returns at once
		c.listen(t, second)
	}
	return c
}

func (c *Canary) listen(t *testing.T, listener net.Listener) {
	t.Helper()
	c.listeners = append(c.listeners, listener)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.arrivals <- conn.RemoteAddr().String()
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
}

// Heard returns how many connections came since the last call. Connections are
// accepted in the order in which they come, so all have been seen once a
// connection of our own has.
func (c *Canary) Heard(t *testing.T) (n int) {
	t.Helper()
	for _, listener := range c.listeners {
		conn, err := net.Dial("tcp", listener.Addr().String()) //nolint:noctx // returns at once
		if err != nil {
			t.Fatal(err)
		}
		for <-c.arrivals != conn.LocalAddr().String() {
			n++
		}
		_ = conn.Close()
	}
	return n
}
