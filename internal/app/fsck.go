package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/cache/redis"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/queue"
	"vitrine.dev/internal/sqlstore"
)

type fsckCommand struct {
	Repair bool           `help:"Mend what can be mended. Safe while the system runs."`
	JSON   bool           `help:"Print the report as JSON."                                                      name:"json"`
	Grace  *time.Duration `help:"Leave files that nothing refers to alone for so long; ORPHAN_GRACE by default."`
}

// errNotMended is the outcome of a check that found what is still wrong.
var errNotMended = errors.New("something is wrong and not mended")

// Run compares everything and prints the report. The log goes to the other
// stream, so that the report can be read by a program.
func (f fsckCommand) Run(ctx context.Context, to streams) error {
	cfg, log, err := configured(ctx, to.err)
	if err != nil {
		return err
	}
	if f.Grace != nil {
		if *f.Grace < 0 {
			return &codedError{errors.New("--grace must not be negative"), exitUsage}
		}
		cfg.OrphanGrace = *f.Grace
	}
	log = log.With("role", "fsck")
	var held closers
	defer held.close(log)
	checker, err := f.open(ctx, to, cfg, &held, log)
	if err != nil {
		return &codedError{fmt.Errorf("fsck: %w", err), exitUnavailable}
	}
	report, err := checker.Run(ctx)
	if f.JSON {
		err = errors.Join(err, report.WriteJSON(to.out))
	} else {
		err = errors.Join(err, report.WriteText(to.out))
	}
	switch {
	case err != nil:
		return &codedError{fmt.Errorf("fsck: not everything was checked: %w", err), exitUnavailable}
	case !report.Clean():
		return &codedError{errNotMended, exitFailure}
	}
	return nil
}

// open opens what the check compares. It takes no lock on an embedded DATA_DIR:
// what it mends reaches a `serve` beside it by the outbox, like the changes of
// any other process.
func (f fsckCommand) open(
	ctx context.Context, to streams, cfg config.Config, held *closers, log *slog.Logger,
) (*fsck.Checker, error) {
	store, err := openExisting(ctx, cfg, held, log)
	if err != nil {
		return nil, err
	}
	if err := store.CheckSchema(ctx); err != nil {
		return nil, err
	}
	blobs, err := openBlobs(ctx, cfg, held)
	if err != nil {
		return nil, err
	}
	if err := blobs.Ping(ctx); err != nil { // a folder or bucket that is away is no proof that its files are
		return nil, err
	}
	parts := fsck.Parts{
		Store: store, Blobs: blobs, Announce: catalog.NewViews(readthrough.Disabled(), log), Log: log,
		Progress: progress(to.err),
	}
	if cfg.RedisHost != "" {
		engine := redis.New(redisConfig(cfg)) //nolint:contextcheck // its search for a cluster ends with Close
		reader, _, err := readThrough(cfg, engine, "redis", held, log)
		if err != nil {
			return nil, err
		}
		parts.Cache, parts.Announce = engine, catalog.NewViews(reader, log)
	}
	if cfg.QueueHost != "" {
		q, err := openQueue(cfg, held, log)
		if err != nil {
			return nil, err
		}
		parts.Queue, _ = q.(queue.Gauge)
	}
	return fsck.New(parts, fsck.Config{
		Repair: f.Repair, Grace: cfg.OrphanGrace, Silence: cfg.JobLease, RequeueAfter: cfg.RequeueAfter,
		Policy: policy(cfg), CacheLease: cfg.CacheLease,
	}), nil
}

// openExisting opens the database and makes none.
func openExisting(ctx context.Context, cfg config.Config, held *closers, log *slog.Logger) (*sqlstore.Store, error) {
	if cfg.DBHost != "" {
		return openStore(ctx, cfg, role{name: "fsck"}, held, log)
	}
	path := (&dataDir{path: cfg.DataDir}).database()
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no database in DATA_DIR: %w", err)
	}
	return openSQLite(ctx, path, held, log)
}

func redisConfig(cfg config.Config) redis.Config {
	settings := redis.DefaultConfig()
	settings.Host, settings.Port = cfg.RedisHost, cfg.RedisPort
	settings.TLS, _ = cfg.ServerTLS()
	settings.User, settings.Password, settings.DB = cfg.RedisUser, cfg.RedisPassword, cfg.RedisDB
	settings.Cluster = cfg.RedisCluster
	settings.Prefix, settings.Lease = cfg.RedisPrefix, cfg.CacheLease
	return settings
}

// progress shows on a terminal how far the comparison of files has come.
func progress(w io.Writer) func(done, all int, objects int64) {
	if !isTerminal(w) {
		return nil
	}
	return func(done, all int, objects int64) {
		end := ""
		if done == all {
			end = "\r\x1b[K"
		}
		fmt.Fprintf(w, "\rfiles: %d%%, %d looked at%s", 100*done/all, objects, end)
	}
}
