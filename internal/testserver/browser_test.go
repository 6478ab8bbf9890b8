package testserver

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

const script = "sleep 600 & echo started; wait"

// TestEndWhole: what a script has started ends with the script's context.
func TestEndWhole(t *testing.T) {
	t.Parallel()
	ends(t, func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", script)
		EndWhole(cmd)
		return cmd
	})
}

// TestEndWholeWithTheProcess: and with the process that has started the script, where that is killed.
func TestEndWholeWithTheProcess(t *testing.T) {
	const starting = "VITRINE_TEST_STARTS_SCRIPT"
	if os.Getenv(starting) != "" { // the process that is killed
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", script)
		cmd.Stdout = os.Stdout
		EndWhole(cmd)
		t.Fatalf("the script has ended: %v", cmd.Run())
	}
	t.Parallel()
	ends(t, func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestEndWholeWithTheProcess$")
		cmd.Env = append(os.Environ(), starting+"=1")
		return cmd
	})
}

// ends wants that nothing is left of the command once its context has ended: a pipe ends with the last that can write to it.
func ends(t *testing.T, command func(context.Context) *exec.Cmd) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cmd := command(ctx)
	cmd.Stdout = write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	lines := bufio.NewReader(read)
	if line, err := lines.ReadString('\n'); line != "started\n" {
		t.Fatalf("%q: %v", line, err)
	}
	stop()
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("the command was not killed: %v", err)
	}
	if err := read.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(lines); err != nil {
		t.Errorf("what the script has started still runs: %v", err)
	}
}

// TestEndWholeKeepsTheStatus: of a command that ends by itself.
func TestEndWholeKeepsTheStatus(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", "echo out; exit 3")
	EndWhole(cmd)
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 3 || string(out) != "out\n" {
		t.Errorf("%q, %v", out, err)
	}
}
