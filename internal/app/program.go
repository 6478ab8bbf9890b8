package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/backoff"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/imaging/sandbox"
	"vitrine.dev/internal/sqlstore"
)

// program implements cli.Program on the configuration of the environment. The
// commands beside the roles take no lock on an embedded DATA_DIR: a `serve` goes
// on beside them.
type program struct{}

var _ cli.Program = program{}

// Serve implements cli.Program.
func (program) Serve(ctx context.Context, to cli.Streams, name string) error {
	cfg, log, err := configured(ctx, to.Out, name)
	if err != nil {
		return err
	}
	return run(ctx, to, roleNamed(name), cfg, log)
}

// Backup implements cli.Program.
func (program) Backup(ctx context.Context, to cli.Streams, file string) (b cli.Backup, err error) {
	cfg, log, err := configured(ctx, to.Err, "backup")
	if err != nil {
		return b, err
	}
	if cfg.DBHost != "" {
		return b, cli.Usage(fmt.Errorf("backup: %w: see docs/operations.md", sqlstore.ErrNoBackup))
	}
	var held closers
	defer held.close(log)
	store, err := openExisting(ctx, cfg, &held, log)
	if err != nil {
		return b, cli.Unavailable(fmt.Errorf("backup: %w", err))
	}
	made, err := store.Backup(ctx, file)
	b = cli.Backup{Products: made.Products, Schema: made.Schema, Bytes: made.Bytes, Within: cfg.OrphanGrace}
	if cfg.S3Bucket == "" {
		b.Images = imagesFolder(cfg)
	}
	return b, err
}

// WithUsers implements cli.Program.
func (program) WithUsers(ctx context.Context, to cli.Streams, use func(catalog.UserStore) error) error {
	cfg, log, err := configured(ctx, to.Err, "users")
	if err != nil {
		return err
	}
	var held closers
	defer held.close(log)
	store, err := openExisting(ctx, cfg, &held, log)
	if err == nil {
		err = store.CheckSchema(ctx)
	}
	if err != nil {
		return cli.Unavailable(fmt.Errorf("users: %w", err))
	}
	return use(store)
}

// APIURL implements cli.Program.
func (program) APIURL(given string) (string, error) {
	if given == "" {
		cfg, err := config.Load()
		return cfg.LocalURL(), err
	}
	if !config.IsHTTPURL(given) {
		return "", errors.New("--url must be an http or https URL")
	}
	return given, nil
}

// openExisting opens the database and makes none.
func openExisting(ctx context.Context, cfg config.Config, held *closers, log *slog.Logger) (*sqlstore.Store, error) {
	if cfg.DBHost != "" {
		return openStore(ctx, cfg, role{}, held, log)
	}
	path := databaseFile(cfg)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no database in DATA_DIR: %w", err)
	}
	return openSQLite(ctx, path, held, log)
}

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

// newLogger writes JSON, or readable text where w is a terminal, unless
// LOG_FORMAT says which.
func newLogger(cfg config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	format := cfg.LogFormat
	if format == "" && cli.IsTerminal(w) {
		format = "text"
	}
	if format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// configured loads the configuration and opens the log of the role on w.
func configured(ctx context.Context, w io.Writer, role string) (config.Config, *slog.Logger, error) {
	cfg, err := config.Load()
	if err != nil {
		return config.Config{}, nil, err
	}
	log := newLogger(cfg, w)
	cfg.LogNotices(ctx, log)
	return cfg, log.With("role", role), nil
}

// Migrate implements cli.Program.
func (program) Migrate(ctx context.Context, to cli.Streams, wait time.Duration) error {
	cfg, log, err := configured(ctx, to.Out, "migrate")
	if err != nil {
		return err
	}
	var held closers
	defer held.close(log)
	store, err := openStore(ctx, cfg, role{}, &held, log)
	if err != nil {
		return err
	}
	if err := waitForDatabase(ctx, store, wait, log); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	applied, err := store.Migrate(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	log.InfoContext(ctx, "the schema is up to date", "applied", len(applied))
	return nil
}

// waitPause is between two attempts to reach the database.
const waitPause = time.Second

// waitForDatabase returns when the database answers. One that cannot be reached
// is tried for at most as long as given, 0 for not at all; the error is that of
// the last attempt.
func waitForDatabase(ctx context.Context, store *sqlstore.Store, atMost time.Duration, log *slog.Logger) error {
	if atMost == 0 {
		return nil // Migrate reports what is wrong
	}
	waiting, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	var last error
	for {
		err := store.Ping(waiting)
		if err == nil || fault.KindOf(err) != fault.Unavailable || ctx.Err() != nil {
			return err
		}
		if last == nil || waiting.Err() == nil { // else it is only that the time is over
			if last == nil || last.Error() != err.Error() {
				log.WarnContext(ctx, "waiting for the database", "at_most", atMost.String(), "error", err)
			}
			last = err
		}
		if backoff.Sleep(waiting, waitPause) != nil {
			return fmt.Errorf("waited for %s: %w", atMost, last)
		}
	}
}
