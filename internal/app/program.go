package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/logbuffer"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/tracing"
)

// program implements cli.Program on the configuration of the environment. The
// commands beside the roles take no lock on an embedded DATA_DIR: a `serve` goes
// on beside them.
type program struct{}

var _ cli.Program = program{}

// Serve implements cli.Program.
func (program) Serve(ctx context.Context, to cli.Streams, name string) error {
	out := to.Out
	if !cli.IsTerminal(out) {
		lines := logbuffer.New(out)
		defer func() { _ = lines.Close() }() // there is no log to tell of it
		out = lines
	}
	cfg, log, err := configured(ctx, out, name)
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

// WithAccounts implements cli.Program.
func (program) WithAccounts(ctx context.Context, to cli.Streams, command string, use func(*auth.Accounts) error) error {
	cfg, log, err := configured(ctx, to.Err, command)
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
		return cli.Unavailable(fmt.Errorf("%s: %w", command, err))
	}
	return use(auth.NewAccounts(store))
}

// Restored implements cli.Program.
func (program) Restored(ctx context.Context, to cli.Streams) error {
	var held closers
	_, store, log, err := openInstallation(ctx, to, "restored", &held)
	defer held.close(log)
	if err != nil {
		return err
	}
	return installation.Restored(ctx, store)
}

// Adopt implements cli.Program.
func (program) Adopt(ctx context.Context, to cli.Streams, part string) (server bool, err error) {
	var held closers
	cfg, store, log, err := openInstallation(ctx, to, "adopt", &held)
	defer held.close(log)
	if err != nil {
		return false, err
	}
	server = slices.Contains(externalParts(cfg), installation.Part(part))
	var marker installation.Marker
	switch {
	case installation.Part(part) == installation.Storage: // a folder has one too
		blobs, err := openBlobs(ctx, cfg, &held)
		if err != nil {
			return false, err
		}
		marker = storageMarker(store, blobs)
	case server && installation.Part(part) == installation.Cache:
		engine := openRedis(ctx, cfg, nil)
		held.add("cache", engine)
		marker = engine
	case server:
		if marker, err = openRabbitMQ(cfg, &held, nil, log); err != nil {
			return false, err
		}
	}
	return server, installation.Adopt(ctx, store, installation.Part(part), marker, server)
}

// openInstallation opens the database that the environment names.
func openInstallation(
	ctx context.Context, to cli.Streams, command string, held *closers,
) (cfg config.Config, store *sqlstore.Store, log *slog.Logger, err error) {
	if cfg, log, err = configured(ctx, to.Err, command); err != nil {
		return cfg, nil, slog.Default(), err
	}
	if store, err = openExisting(ctx, cfg, held, log); err == nil {
		err = store.CheckSchema(ctx)
	}
	if err != nil {
		err = cli.Unavailable(err)
	}
	return cfg, store, log, err
}

// API implements cli.Program.
func (program) API(given string) (url, key string, err error) {
	if given != "" && !config.IsHTTPURL(given) {
		return "", "", errors.New("--url must be an http or https URL")
	}
	if given != "" { // whatever else is configured here is not about that server
		key, err = config.LoadAPIKey()
		return given, key, err
	}
	cfg, err := config.Load()
	return cfg.LocalURL(), cfg.APIKey, err
}

// openExisting opens the database and makes none.
func openExisting(ctx context.Context, cfg config.Config, held *closers, log *slog.Logger) (*sqlstore.Store, error) {
	if cfg.DBHost != "" {
		return openStore(ctx, cfg, role{}, held, log, nil)
	}
	path := databaseFile(cfg)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no database in DATA_DIR: %w", err)
	}
	return openSQLite(ctx, path, held, log)
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
		return slog.New(tracing.LogHandler(slog.NewTextHandler(w, options)))
	}
	var handler slog.Handler = slog.NewJSONHandler(w, options)
	if lines, ok := w.(*logbuffer.Writer); ok {
		handler = lines.Handler(handler, slog.LevelWarn)
	}
	return slog.New(tracing.LogHandler(handler))
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
