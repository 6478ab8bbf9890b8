package bench_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"vitrine.dev/internal/bench/limit"
	"vitrine.dev/internal/bench/report"
	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// TestStart: how long the embedded program takes from its start, with nothing there, to its first answer, and
// what it and its render process then hold.
func TestStart(t *testing.T) {
	r := begin(t)
	systemtest.Build(t, systemtest.Program)
	var took, held []float64
	source := systemtest.NewSource(t)
	for range r.rounds {
		addr := testserver.Address(t)
		p := systemtest.New(t, systemtest.Options{Variant: systemtest.Program, Role: "serve", OnLine: func([]byte) {}, Env: map[string]string{
			"DATA_DIR": t.TempDir(), "HTTP_ADDR": addr, "LOG_LEVEL": "info",
		}})
		began := time.Now()
		p.Launch()
		for {
			conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
			if err == nil {
				_, _ = conn.Write([]byte("GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n"))
				err = readAnswer(bufio.NewReader(conn), http.StatusOK)
				_ = conn.Close()
			}
			if err == nil {
				break
			}
			if time.Since(began) > systemtest.Patience {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		took = append(took, float64(time.Since(began).Milliseconds()))
		c := systemtest.Client{T: t, URL: "http://" + addr}
		c.Finished(c.Create("One picture, so that there is a render process", source.URL+"/rocket.jpg"))
		bytes, _ := systemtest.TreeMemory(p.PID())
		held = append(held, float64(bytes)/1e6)
		p.Stop()
	}
	for _, f := range []report.Figure{
		{Name: "start", What: "start with nothing there to the first answer", Ours: report.Quantity{Value: median(took, itself), Unit: "ms"}, Goal: 70, Unit: "ms"},
		{Name: "idle-memory", What: "memory with the render process, idle (PSS)", Ours: report.Quantity{Value: median(held, itself), Unit: "MB"}, Goal: 60, Unit: "MB"},
	} {
		f.Value, f.AtMost, f.Limit = f.Ours.Value, true, "PocketBase 0.36 s, 83 MB (earlier, the same machine)"
		r.took(t, f)
	}
}

const idleConnections = 10_000

// TestConnections: what the API and a bare server hold with 10,000 connections that have asked once.
func TestConnections(t *testing.T) {
	r := begin(t)
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur < idleConnections+1000 {
		t.Skipf("a process may have %d files open, %v: ulimit -n %d", files.Cur, err, idleConnections+1000)
	}
	a := embedded(t)
	bare := limit.Serve(t, a.answer(t, "/healthz"))
	var ours, theirs []float64
	for range r.rounds {
		theirs = append(theirs, holding(t, bare.PID, bare.Addr))
		ours = append(ours, holding(t, a.pid, a.addr))
	}
	f := report.Figure{
		Name: "connections", What: "memory with 10,000 idle connections", Goal: 1.2, AtMost: true, Limit: "a bare `net/http` server with the same connections",
		Ours: report.Quantity{Value: median(ours, itself), Unit: "MB"}, Beside: &report.Quantity{Value: median(theirs, itself), Unit: "MB"},
	}
	f.Value = f.Ours.Value / f.Beside.Value
	r.took(t, f)
}

// holding returns how many MB the process holds with the connections.
func holding(t *testing.T, pid int, addr string) float64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range idleConnections {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: %s\r\n\r\n", addr); err != nil {
			t.Fatal(err)
		}
		if err := readAnswer(bufio.NewReaderSize(conn, 1024), http.StatusOK); err != nil {
			t.Fatal(err)
		}
	}
	return float64(systemtest.Proportional(pid)) / 1e6
}
