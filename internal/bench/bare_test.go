package bench_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"vitrine.dev/internal/systemtest"
	"vitrine.dev/internal/testserver"
)

// answer is what a bare handler answers every request with.
type answer struct {
	Header http.Header
	Body   []byte
}

// serveBare answers with what is in the file: the least that an answer costs with net/http.
func serveBare(addr, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("bare handler: %w", err)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("bare handler: %w", err)
	}
	server := http.Server{Addr: addr, ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), a.Header)
		_, _ = w.Write(a.Body)
	})}
	return fmt.Errorf("bare handler: %w", server.ListenAndServe())
}

// bare starts a bare handler in a process of its own, on the core of servers.
func bare(t *testing.T, a answer) (pid int, addr string) {
	t.Helper()
	a.Header.Del("Date") // net/http writes it
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "answer.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	addr = testserver.Address(t)
	server := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	server.Env = append(os.Environ(), "BENCH_BARE="+file, "BENCH_ADDR="+addr, "GOMAXPROCS=1")
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	systemtest.Eventually(t, "the bare handler", func() bool {
		reply, err := http.Get("http://" + addr) //nolint:noctx // ends with its server
		if err == nil {
			_ = reply.Body.Close()
		}
		return err == nil
	})
	pin(t, server.Process.Pid, coreOfServer)
	return server.Process.Pid, addr
}
