package testserver

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// echo serves a loopback port that sends back all it gets.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// exchange sends a word and waits for its echo.
func exchange(conn net.Conn, patience time.Duration) error {
	word := []byte("hello")
	if _, err := conn.Write(word); err != nil {
		return err
	}
	return expect(conn, word, patience)
}

func expect(conn net.Conn, word []byte, patience time.Duration) error {
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	got := make([]byte, len(word))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if !bytes.Equal(got, word) {
		return errors.New("echo differs: " + string(got))
	}
	return nil
}

func TestProxyCutsAndRestores(t *testing.T) {
	t.Parallel()
	proxy := Proxy(t, echo(t))
	conn := dial(t, proxy.Addr())
	if err := exchange(conn, time.Minute); err != nil {
		t.Fatal(err)
	}
	proxy.Cut()
	if err := exchange(conn, time.Minute); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a cut connection: %v", err)
	}
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", proxy.Addr()); err == nil {
		t.Error("a cut proxy accepts")
	}
	proxy.Restore()
	if err := exchange(dial(t, proxy.Addr()), time.Minute); err != nil {
		t.Errorf("after restore: %v", err)
	}
}

// TestProxyCutsWhileProcessesStart: one that is being started does not keep the port.
func TestProxyCutsWhileProcessesStart(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("a listener is shut down on Linux only")
	}
	proxy := Proxy(t, echo(t))
	var started atomic.Int32
	var starting sync.WaitGroup
	for range 4 {
		starting.Go(func() {
			for started.Add(1) <= 400 {
				if err := exec.CommandContext(t.Context(), "true").Run(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for started.Load() <= 400 {
		proxy.Cut()
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", proxy.Addr()); err == nil {
			_ = conn.Close()
			t.Error("a cut proxy accepts")
		}
		proxy.Restore()
	}
	starting.Wait()
}

func TestProxyStallsAndResumes(t *testing.T) {
	t.Parallel()
	for name, stall := range map[string]func(*TCPProxy){
		"both ways": (*TCPProxy).Stall, "replies": (*TCPProxy).StallReplies,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := Proxy(t, echo(t))
			conn := dial(t, proxy.Addr())
			stall(proxy)
			if err := exchange(conn, 50*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a stalled connection: %v", err)
			}
			proxy.Resume()
			if err := expect(conn, []byte("hello"), time.Minute); err != nil {
				t.Errorf("what was held back: %v", err)
			}
		})
	}
}

func TestProxyDelays(t *testing.T) {
	t.Parallel()
	proxy := Proxy(t, echo(t))
	conn := dial(t, proxy.Addr())
	proxy.Delay(30 * time.Millisecond)
	start := time.Now()
	if err := exchange(conn, time.Minute); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 60*time.Millisecond {
		t.Errorf("there and back took %v, less than the delays", took)
	}
}

func TestProxyPassesHalfClose(t *testing.T) {
	t.Parallel()
	conn := dial(t, Proxy(t, echo(t)).Addr())
	if _, err := conn.Write([]byte("all")); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(conn); err != nil || string(got) != "all" {
		t.Errorf("got %q, %v", got, err)
	}
}
