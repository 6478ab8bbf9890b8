package app

import (
	"context"
	"io"
	"os"
	"testing"

	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/imaging/sandbox"
)

// TestMain renders where a test's process starts this one for that.
func TestMain(m *testing.M) {
	if sandbox.IsChild() {
		os.Exit(sandbox.Serve(os.Stdin, os.Stdout, sandbox.OpenImaging))
	}
	os.Exit(m.Run())
}

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
