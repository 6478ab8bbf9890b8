package app

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/imaging/sandbox"
	"vitrine.dev/internal/systemtest"
)

// TestMain renders where a test's process starts this one for that.
func TestMain(m *testing.M) {
	if sandbox.IsChild() {
		if file := os.Getenv(hangs); file != "" {
			_ = os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())), 0o600)
			select {}
		}
		os.Exit(sandbox.Serve(os.Stdin, os.Stdout, sandbox.OpenImaging))
	}
	os.Exit(m.Run())
}

// hangs names a variable that render processes inherit: the file to which one that never comes to render writes its id.
const hangs = "VIPS_TEST_HANGS"

// startHanging runs the program with render processes that hang at their start. started returns the id of one, ended how the
// program has ended.
func startHanging(t *testing.T) (stop context.CancelFunc, started func() int, ended chan error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pid")
	t.Setenv(hangs, file)
	t.Setenv("DATA_DIR", t.TempDir())
	t.Setenv("ADMIN_ADDR", "off")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop = func() { cancel(errors.New("a signal")) } // as signal.NotifyContext does
	ended = make(chan error, 1)
	go func() { ended <- (program{}).Serve(ctx, cli.Streams{Out: io.Discard, Err: io.Discard}, "serve") }()
	return stop, func() (pid int) {
		systemtest.Eventually(t, "the start of a render process", func() bool {
			text, err := os.ReadFile(file)
			if err == nil {
				pid, err = strconv.Atoi(string(text))
			}
			return err == nil
		})
		return pid
	}, ended
}

// TestStoppedWhileTheRendererStarts: a program that is told to stop ends at once, without its render process, and has not
// failed.
func TestStoppedWhileTheRendererStarts(t *testing.T) {
	t.Setenv("HTTP_ADDR", "127.0.0.1:0")
	stop, started, ended := startHanging(t)
	pid := started()
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("the program waits for its renderer")
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("render process %d is there: %v", pid, err)
	}
}

// TestStartFailsWhileTheRendererStarts: a program that cannot start says so at once, without waiting for its renderer.
func TestStartFailsWhileTheRendererStarts(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	t.Setenv("HTTP_ADDR", taken.Addr().String())
	_, _, ended := startHanging(t)
	select {
	case err := <-ended:
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("the program waits for its renderer")
	}
}

// patience is less than a render process may take to start.
const patience = 20 * time.Second

// TestStoppedWhileItStarts: a process that is told to stop before it is ready has not failed.
func TestStoppedWhileItStarts(t *testing.T) {
	t.Setenv("DATA_DIR", t.TempDir())
	t.Setenv("HTTP_ADDR", "127.0.0.1:0")
	t.Setenv("ADMIN_ADDR", "off")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := (program{}).Serve(ctx, cli.Streams{Out: io.Discard, Err: io.Discard}, "serve"); err != nil {
		t.Error(err)
	}
}

// TestNoImageEngine: a program whose image engine cannot be opened ends and says why, also while its database is unavailable.
func TestNoImageEngine(t *testing.T) {
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unavailable := "postgres://none:none@" + closed.Addr().String() + "/none"
	_ = closed.Close()
	for name, database := range map[string]string{"with its database": "", "without": unavailable} {
		t.Run(name, func(t *testing.T) {
			for key, value := range map[string]string{
				"DATA_DIR": t.TempDir(), "HTTP_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "IMAGE_ENGINE": "vips", "LIBVIPS_PATH": "/nowhere",
				"DATABASE_URL": database,
			} {
				t.Setenv(key, value)
			}
			ended := make(chan error, 1)
			go func() {
				ended <- (program{}).Serve(t.Context(), cli.Streams{Out: io.Discard, Err: io.Discard}, "serve")
			}()
			select {
			case err := <-ended:
				if err == nil || !strings.Contains(err.Error(), "open image engine") {
					t.Error(err)
				}
			case <-time.After(patience):
				t.Fatal("the program goes on")
			}
		})
	}
}
