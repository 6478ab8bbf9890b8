package testserver

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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
		if mine, err := claimed.claim(port); mine || err != nil {
			t.Fatalf("port %d is claimed by two processes (%v)", port, err)
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

// TestPortsNeedTheirFile: where the file that all processes share cannot be had, that is said.
func TestPortsNeedTheirFile(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	if _, err := (&claims{ports: map[int]bool{}}).claim(20000); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}
