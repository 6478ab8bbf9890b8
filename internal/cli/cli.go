package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kong"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
)

// commands are the command line. Everything else is configured by the
// environment, so that each role means the same wherever it runs.
type commands struct {
	Serve   serveCommand   `cmd:"" default:"1" help:"Run API and worker in one process (the default)."`
	API     apiCommand     `cmd:""             help:"Run the HTTP API."                                name:"api"`
	Worker  workerCommand  `cmd:""             help:"Run an image worker."`
	Migrate migrateCommand `cmd:""             help:"Bring the database schema up to date."`
	Fsck    fsckCommand    `cmd:""             help:"Compare database, storage, queue and cache; repair what differs."`
	Backup  backupCommand  `cmd:""             help:"Copy the embedded database into a new file, while it is in use."`
	Copy    copyCommand    `cmd:""             help:"Copy the database and the images to other servers, or into a folder."`
	Users   usersCommand   `cmd:""             help:"Add, list, change and remove users."`
	Keys    keysCommand    `cmd:""             help:"Make, list, rotate and revoke API keys."`
	Audit   auditCommand   `cmd:""             help:"List what was done to users and keys."`

	Restored restoredCommand `cmd:"" help:"Say that the database was restored: nothing that was remembered of it before is used any more."`
	Adopt    adoptCommand    `cmd:"" help:"Make the storage, cache or queue that is configured now this installation's."`

	Events   eventsCommand   `cmd:"" help:"Print what changes, an event a line, through a running server."`
	Listen   listenCommand   `cmd:"" help:"Forward what changes to a receiver of webhooks on this machine, signed, through a running server."`
	Webhooks webhooksCommand `cmd:"" help:"Make, list, change, delete and test webhooks, and see and repeat what was delivered, through a running server."`
	Trigger  triggerCommand  `cmd:"" help:"Send a test event to a webhook, through a running server."`
	Findings findingsCommand `cmd:"" help:"Say what is wrong, and what can be done about it, through a running server."`
	Queue    queueCommand    `cmd:"" help:"Show what images wait for and who works on them, through a running server."`
	Hosts    hostsCommand    `cmd:"" help:"List the hosts that images are fetched from, through a running server."`
	Images   imagesCommand   `cmd:"" help:"Show the images of a product, or have many fetched again, through a running server."`

	Import importCommand `cmd:"" help:"Bring a file of products into the catalogue, through a running server."`
	Export exportCommand `cmd:"" help:"Write all products of a user into a file, through a running server."`

	Version versionCommand `cmd:""             help:"Print version, commit and date."`

	DeadLetters deadLettersCommand `cmd:"" help:"List, count, replay or discard failed work, through a running server." name:"dead-letters"`
}

// Streams are where a command writes: results and, in a role, the log to Out;
// messages for the person who started it to Err.
type Streams struct{ Out, Err io.Writer }

// Program is what the commands are about. Its errors are printed; Usage and
// Unavailable give them an exit code of their own.
type Program interface {
	// Serve runs the role (serve, api or worker) until ctx is done.
	Serve(ctx context.Context, to Streams, role string) error
	// Migrate brings the schema up to date. A database that cannot be reached is
	// waited for at most as long as given, 0 for not at all.
	Migrate(ctx context.Context, to Streams, wait time.Duration) error
	// Check compares everything, and repairs where it is asked to. The report is
	// nil where nothing could be opened, and incomplete beside an error.
	Check(ctx context.Context, to Streams, how Check) (*fsck.Report, error)
	// LastRuns returns what the last runs of fsck and of the collector have found, the latest first.
	LastRuns(ctx context.Context, to Streams) ([]gc.Run, error)
	// Backup copies the embedded database into a new file.
	Backup(ctx context.Context, to Streams, file string) (Backup, error)
	// Copy copies the database, and the images where the storage is another one,
	// to the target: the file of its settings, or embedded: and a folder.
	Copy(ctx context.Context, to Streams, target string, progress CopyProgress) (Copied, error)
	// Restored gives the installation a new epoch, and says that its database is
	// the only one.
	Restored(ctx context.Context, to Streams) error
	// Adopt makes the part (storage, cache or queue) that is configured now the
	// installation's. server reports whether it is one of its own.
	Adopt(ctx context.Context, to Streams, part string) (server bool, err error)
	// WithAccounts calls use with the users and keys of the database, for the command.
	WithAccounts(ctx context.Context, to Streams, command string, use func(*auth.Accounts) error) error
	// API is where the API listens, at the URL given, or for "" where the
	// configuration says, and the key to send it, "" for none.
	API(given string) (url, key string, err error)
}

// Run runs the command that args name and returns the exit code of the process.
func Run(ctx context.Context, program Program, to Streams, args ...string) int {
	helped := false // kong goes on parsing after it has printed the help
	all := &commands{}
	parser, err := kong.New(all,
		kong.Name("vitrine"),
		kong.Description("Product-management backend with asynchronous image processing. "+
			"Configured by the environment and .env; see .env.example."),
		kong.Writers(to.Out, to.Err),
		durations(),
		kong.Exit(func(int) { helped = true }),
	)
	if err != nil {
		return fail(to.Err, err, exitSoftware)
	}
	selected, err := parser.Parse(args)
	if helped {
		return exitOK
	}
	if err != nil {
		return fail(to.Err, err, exitUsage)
	}
	selected.BindTo(ctx, (*context.Context)(nil))
	selected.BindTo(program, (*Program)(nil))
	selected.Bind(to, &all.DeadLetters, &all.Images, &all.Webhooks)
	if err := selected.Run(); err != nil {
		if coded, ok := errors.AsType[*exitError](err); ok {
			return fail(to.Err, err, coded.code)
		}
		return fail(to.Err, err, exitFailure)
	}
	return exitOK
}

func fail(w io.Writer, err error, code int) int {
	fmt.Fprintln(w, "vitrine:", err)
	return code
}

// Exit codes, after sysexits(3) where it has one.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 64
	exitUnavailable = 69
	exitSoftware    = 70
)

// exitError is an error with an exit code of its own.
type exitError struct {
	error
	code int
}

func (e *exitError) Unwrap() error { return e.error }

// Usage returns the error with the exit code of wrong arguments, 64.
func Usage(err error) error { return &exitError{err, exitUsage} }

// Unavailable returns the error with the exit code for something that the
// command needs and that cannot be reached, 69.
func Unavailable(err error) error { return &exitError{err, exitUnavailable} }

// byKind returns the error with the exit code for its kind.
func byKind(err error) error {
	switch fault.KindOf(err) {
	case fault.Invalid:
		return Usage(err)
	case fault.Unavailable:
		return Unavailable(err)
	default:
		return err
	}
}
