package app

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/imaging/sandbox"
)

// Main runs the command line and returns the exit code of the process. SIGINT,
// SIGTERM and SIGHUP stop it in order; a second one stops it at once. A process that
// was started to render for another (see package sandbox) does only that.
func Main(stdout, stderr io.Writer, args ...string) int {
	if sandbox.IsChild() {
		return sandbox.Serve(os.Stdin, os.Stdout, sandbox.OpenImaging)
	}
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, program{}, cli.Streams{Out: stdout, Err: stderr}, args...)
}

// stopSignals are what stops a process in order. A SIGHUP that was ignored when
// it was started (nohup) stays ignored: to ask for it would undo that.
func stopSignals() []os.Signal {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}
