package limit

import (
	"encoding/json"
	"fmt"
	"io"
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

// What asks this program to be a bare handler: where its answer is, and its address.
const (
	answerVariable = "BARE_ANSWER"
	addrVariable   = "BARE_ADDR"
)

// Answer is what a bare handler answers every request with.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Bare is a net/http server that reads each request and gives the same answer.
type Bare struct {
	PID  int
	Addr string
}

// Served is a bare handler where Serve has started this process for that, and reports, after its end, whether it was
// one. The TestMain of a package that calls Serve begins with it.
func Served() bool {
	file := os.Getenv(answerVariable)
	if file == "" {
		return false
	}
	fmt.Fprintln(os.Stderr, serve(os.Getenv(addrVariable), file))
	return true
}

func serve(addr, file string) error {
	text, err := os.ReadFile(file) //nolint:gosec // of the test
	if err != nil {
		return fmt.Errorf("bare handler: %w", err)
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("bare handler: %w", err)
	}
	server := http.Server{Addr: addr, ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		maps.Copy(w.Header(), a.Header)
		w.WriteHeader(a.Status)
		_, _ = w.Write(a.Body)
	})}
	return fmt.Errorf("bare handler: %w", server.ListenAndServe())
}

// Serve starts a bare handler in a process of its own, which ends with the test. env is added to its environment.
func Serve(t *testing.T, a Answer, env ...string) Bare {
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
	b := Bare{Addr: testserver.Address(t)}
	server := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$") //nolint:gosec // this program
	server.Env = append(append(os.Environ(), answerVariable+"="+file, addrVariable+"="+b.Addr), env...)
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	b.PID = server.Process.Pid
	systemtest.AwaitAnswer(t, "http://"+b.Addr)
	return b
}
