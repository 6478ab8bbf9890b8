// Package app wires the parts of Vitrine together: configuration, roles, the
// order of starting and stopping. Only the commands import it.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"vitrine.dev/internal/imaging/sandbox"
)

// Exit codes, after sysexits(3) where it has one.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 64
	exitUnavailable = 69
	exitSoftware    = 70
)

// codedError is an error with an exit code of its own.
type codedError struct {
	error
	code int
}

func (e *codedError) Unwrap() error { return e.error }

// commands are the command line. Everything else is configured by the
// environment, so that each role means the same wherever it runs.
type commands struct {
	Serve   serveCommand   `cmd:"" default:"1" help:"Run API and worker in one process (the default)."`
	API     apiCommand     `cmd:""             help:"Run the HTTP API."                                name:"api"`
	Worker  workerCommand  `cmd:""             help:"Run an image worker."`
	Migrate migrateCommand `cmd:""             help:"Bring the database schema up to date."`
	Fsck    fsckCommand    `cmd:""             help:"Compare database, storage, outbox, queue and cache; mend what differs."`
	Backup  backupCommand  `cmd:""             help:"Copy the embedded database into a new file, while it is in use."`
	Users   usersCommand   `cmd:""             help:"Add and list users."`
	Version versionCommand `cmd:""             help:"Print version, commit and date."`

	DeadLetters deadLettersCommand `cmd:"" help:"List, replay or discard failed work, through a running server." name:"dead-letters"`
}

// Main runs the command line and returns the exit code of the process. SIGINT,
// SIGTERM and SIGHUP stop it in order; a second one stops it at once. A process that
// was started to render for another (see package sandbox) does only that.
func Main(stdout, stderr io.Writer, args ...string) int {
	if sandbox.IsChild() {
		return sandbox.Serve(os.Stdin, os.Stdout, sandbox.OpenImaging)
	}
	helped := false // kong goes on parsing after it has printed the help
	cli := &commands{}
	parser, err := kong.New(cli,
		kong.Name("vitrine"),
		kong.Description("Product-management backend with asynchronous image processing. "+
			"Configured by the environment and .env; see .env.example."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
	)
	if err != nil {
		return complain(stderr, err, exitSoftware)
	}
	selected, err := parser.Parse(args)
	if helped {
		return exitOK
	}
	if err != nil {
		return complain(stderr, err, exitUsage)
	}

	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	context.AfterFunc(ctx, stop)
	selected.BindTo(ctx, (*context.Context)(nil))
	selected.Bind(streams{out: stdout, err: stderr}, &cli.DeadLetters)
	if err := selected.Run(); err != nil {
		if coded, ok := errors.AsType[*codedError](err); ok {
			return complain(stderr, err, coded.code)
		}
		return complain(stderr, err, exitFailure)
	}
	return exitOK
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

// streams are where a command writes: the log to out, words for the person who
// started it to err.
type streams struct{ out, err io.Writer }

func complain(w io.Writer, err error, code int) int {
	fmt.Fprintln(w, "vitrine:", err)
	return code
}
