package sandbox_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging"
	"vitrine.dev/internal/imaging/sandbox"
	"vitrine.dev/internal/systemtest"
)

// openHanging opens the faulty decoder in the first child, which makes the file. A later one writes its id there,
// and never comes to render.
func openHanging(file string) sandbox.Open {
	return func(cfg imaging.Config, a imaging.Admission, log *slog.Logger) (sandbox.Engine, error) {
		first, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			_ = first.Close()
			return openFaulty(cfg, a, log)
		}
		_ = os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())), 0o600)
		select {}
	}
}

// givenUp has start wait for a child that hangs, and ends the context of start: its error has the cause, and the child is
// gone.
func givenUp(t *testing.T, file string, start func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("it is not wanted any more")
	ended := make(chan error, 1)
	go func() { ended <- start(ctx) }()
	var pid int
	systemtest.Eventually(t, "the start of a child", func() bool {
		text, err := os.ReadFile(file)
		if err == nil {
			pid, err = strconv.Atoi(string(text))
		}
		return err == nil
	})
	cancel(cause)
	err := <-ended
	if _, failed := fault.FailureOf(err); failed || !errors.Is(err, cause) {
		t.Errorf("ended with %v", err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is there: %v", pid, err)
	}
	if err := start(ctx); !errors.Is(err, cause) {
		t.Errorf("after the end: %v", err)
	}
}

// TestStartGivenUp: a child that hangs at its start is gone with the context of who waits for it.
func TestStartGivenUp(t *testing.T) {
	t.Parallel()
	cfg := sandbox.DefaultConfig()
	file := filepath.Join(t.TempDir(), "pid")
	cfg.Program, cfg.Imaging.Parallel, cfg.Recycle = []string{os.Args[0], "hanging", file}, 1, 1
	r := open(t, cfg)
	pid(t, r) // the last picture of the first child
	givenUp(t, file, func(ctx context.Context) error {
		_, err := r.Render(ctx, preset, []byte("pid"))
		return err
	})
	if err := os.Truncate(file, 0); err != nil {
		t.Fatal(err)
	}
	givenUp(t, file, func(ctx context.Context) error {
		_, err := sandbox.New(ctx, cfg, slog.New(slog.DiscardHandler))
		return err
	})
}
