package testserver

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Address returns a loopback address that nothing listens on, and that no other
// test takes.
func Address(tb testing.TB) string {
	tb.Helper()
	port, err := freePort()
	if err != nil {
		tb.Fatal(err)
	}
	return net.JoinHostPort(loopback, strconv.Itoa(port))
}

// freePort returns a loopback port that nothing listens on and that no other
// test process is given until this one ends. It lies below the ports that
// systems hand out for outgoing connections, so that it is still free when a
// killed server starts again.
func freePort() (int, error) {
	err := errors.New("all are taken")
	for range 100 {
		port := 20000 + rand.IntN(12000)
		if !claimed.claim(port) {
			continue
		}
		var listener net.Listener
		listener, err = net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port))) //nolint:noctx // returns at once
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}

// claims are the ports of this process. A lock on the port's byte of a file that
// all test processes share tells the others; it ends with the process.
type claims struct {
	mu    sync.Mutex
	file  *os.File
	ports map[int]bool
}

var claimed = claims{ports: map[int]bool{}}

func (c *claims) claim(port int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ports[port] {
		return false
	}
	if c.file == nil {
		name := fmt.Sprintf("vitrine-test-ports-%d", os.Getuid())
		file, err := os.OpenFile(filepath.Join(os.TempDir(), name), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return false
		}
		c.file = file
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: int64(port), Len: 1}
	if unix.FcntlFlock(c.file.Fd(), unix.F_SETLK, &lock) != nil {
		return false
	}
	c.ports[port] = true
	return true
}
