package testserver

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// TestPortsAreGivenOnce: not twice in this process, nor to another one.
func TestPortsAreGivenOnce(t *testing.T) {
	const held = "VITRINE_TEST_HELD_PORT"
	if text := os.Getenv(held); text != "" { // the other process
		port, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		if claimed.claim(port) {
			t.Fatalf("port %d is claimed by two processes", port)
		}
		if _, err := freePort(); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Parallel()
	seen := map[string]bool{}
	for range 50 {
		addr := Address(t)
		_, port, err := net.SplitHostPort(addr)
		if err != nil || seen[port] {
			t.Fatalf("%s is given twice (%v)", addr, err)
		}
		seen[port] = true
	}
	for port := range seen {
		other := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPortsAreGivenOnce$")
		other.Env = append(os.Environ(), held+"="+port)
		if out, err := other.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
}
