package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
)

const (
	idleConnections = 10_000
	// maxIdleBytes bounds what one idle connection costs the process.
	maxIdleBytes = 40 << 10
	maxWait      = 2 * time.Second // for a request among them
)

// TestIdleConnections holds 10,000 connections that have asked once and keep
// silent: others are answered as ever, and each costs little. That they are
// closed after their time is tested in package httpapi.
func TestIdleConnections(t *testing.T) {
	t.Parallel()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	if files.Cur < idleConnections+1000 {
		short := t.Skipf
		if os.Getenv("VITRINE_TEST_REQUIRE") == "1" {
			short = t.Fatalf
		}
		short("a process may have %d files open; %d connections need more: ulimit -n %d",
			files.Cur, idleConnections, idleConnections+1000)
	}
	p := systemtest.Start(t, "serve", map[string]string{"DATA_DIR": t.TempDir(), "LOG_LEVEL": "info"})
	api := strings.TrimPrefix(p.URL(), "http://")
	c := systemtest.Client{T: t, URL: "http://" + api}
	before := residentBytes(t, p)
	hold(t, api, idleConnections)
	after := residentBytes(t, p)
	for range 20 {
		began := time.Now()
		path := c.Create("Among idle ones")
		if got := c.Product(path); got.Name != "Among idle ones" {
			t.Errorf("read %+v", got)
		}
		if took := time.Since(began); took > maxWait {
			t.Errorf("a create and a read took %v", took)
		}
	}
	if before == 0 {
		return // this system does not say
	}
	each := (after - before) / idleConnections
	t.Logf("%d idle connections cost %d MB, %d bytes each", idleConnections, (after-before)>>20, each)
	if each > maxIdleBytes {
		t.Errorf("an idle connection costs %d bytes, at most %d are stated", each, maxIdleBytes)
	}
}

// hold opens connections that ask once each and stay, until the test ends.
func hold(t *testing.T, addr string, n int) {
	t.Helper()
	var group sync.WaitGroup
	next := make(chan struct{}, n)
	for range n {
		next <- struct{}{}
	}
	close(next)
	for range 32 {
		group.Go(func() {
			for range next {
				if err := holdOne(t, addr); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

func holdOne(t *testing.T, addr string) error {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("answer %d: %w", response.StatusCode, err)
	}
	return nil
}

// residentBytes is the memory of the process, 0 where the system does not say.
func residentBytes(t *testing.T, p *systemtest.Process) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	resident := systemtest.Memory(p.PID(), "status", "VmRSS")
	if resident == 0 {
		t.Fatal("the process does not say what it holds")
	}
	return int(resident)
}
