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
	"syscall"
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
		mine, claimErr := claimed.claim(port)
		if claimErr != nil {
			return 0, fmt.Errorf("claim a port: %w", claimErr)
		}
		if !mine {
			continue
		}
		var listener net.Listener
		listener, err = net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port))) //nolint:noctx // returns at once
		if err == nil {
			return port, shutDown(listener)
		}
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}

// shutDown closes a listener or a connection, also for processes that hold a copy of it. One that is
// being started holds a copy of every file of this process until it runs its own program: a listener
// that is only closed meanwhile goes on accepting and keeps its port, and a connection stays open.
// Systems other than Linux refuse to shut a listener down: there it is only closed.
func shutDown(c io.Closer) error {
	if conn, ok := c.(syscall.Conn); ok {
		if raw, err := conn.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_RDWR) })
		}
	}
	return c.Close()
}

// claims are the ports of this process. A lock on the port's byte of a file that
// all test processes share tells the others; it ends with the process.
type claims struct {
	mu    sync.Mutex
	file  *os.File
	ports map[int]bool
}

var claimed = claims{ports: map[int]bool{}}

// claim reports whether the port is this process's now, and was no one's before.
func (c *claims) claim(port int) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ports[port] {
		return false, nil
	}
	if c.file == nil {
		name := fmt.Sprintf("vitrine-test-ports-%d", os.Getuid())
		file, err := os.OpenFile(filepath.Join(os.TempDir(), name), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return false, err
		}
		c.file = file
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: int64(port), Len: 1}
	switch err := unix.FcntlFlock(c.file.Fd(), unix.F_SETLK, &lock); {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EACCES): // another process has it
		return false, nil
	case err != nil:
		return false, fmt.Errorf("lock %s: %w", c.file.Name(), err)
	}
	c.ports[port] = true
	return true, nil
}
