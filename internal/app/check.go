package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/user"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/cache/readthrough"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/upload"
)

// Check implements cli.Program.
func (program) Check(ctx context.Context, to cli.Streams, how cli.Check) (*fsck.Report, error) {
	cfg, log, err := configured(ctx, to.Err, "fsck")
	if err != nil {
		return nil, err
	}
	if how.Grace != nil {
		cfg.OrphanGrace = *how.Grace
	}
	var held closers
	defer held.close(log)
	checker, err := openChecker(ctx, cfg, how, &held, log)
	if err != nil {
		return nil, cli.Unavailable(fmt.Errorf("fsck: %w", err))
	}
	return checker.Run(ctx)
}

// openChecker opens what the check compares. What it repairs reaches a `serve`
// on the same DATA_DIR by the log of events, like the changes of any other process.
func openChecker(
	ctx context.Context, cfg config.Config, how cli.Check, held *closers, log *slog.Logger,
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
	if err := blobs.Ping(ctx); err != nil { // an unavailable folder or bucket does not prove that its files are missing
		return nil, err
	}
	// Of another's storage all would be missing.
	identity := installation.New(store, externalParts(cfg), log)
	identity.Mark(installation.Storage, storageMarker(store, blobs))
	if err := identity.Admit(ctx); err != nil {
		return nil, err
	}
	parts := fsck.Parts{
		Store: store, Blobs: blobs, Announce: catalog.NewViews(readthrough.Disabled(), identity.AskEpoch, log), Log: log,
		Progress: how.Progress,
	}
	if cfg.RedisHost != "" {
		engine := openRedis(ctx, cfg, identity)
		reader, _, err := readThrough(cfg, engine, "redis", held, log)
		if err != nil {
			return nil, err
		}
		views := catalog.NewViews(reader, identity.AskEpoch, log)
		held.add("lists", views)
		parts.Cache, parts.Announce = engine, views
	}
	if cfg.QueueHost != "" {
		q, err := openQueue(cfg, held, identity, log)
		if err != nil {
			return nil, err
		}
		parts.Queue = q
	}
	epoch, _ := identity.AskEpoch(ctx)
	return fsck.New(parts, fsck.Config{
		Repair: how.Repair, Grace: cfg.OrphanGrace, UploadLife: upload.Life, Silence: cfg.JobLease,
		Policy: policy(cfg), CacheLease: cfg.CacheLease, MayDelete: mayCollect(identity, blobs, store), Epoch: epoch,
		By: whoChecks(),
	}), nil
}

// whoChecks is the user and the host that this process runs as and on, as far as they are known.
func whoChecks() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

// LastRuns implements cli.Program.
func (program) LastRuns(ctx context.Context, to cli.Streams) ([]gc.Run, error) {
	cfg, log, err := configured(ctx, to.Err, "fsck")
	if err != nil {
		return nil, err
	}
	var held closers
	defer held.close(log)
	store, err := openExisting(ctx, cfg, &held, log)
	if err != nil {
		return nil, err
	}
	if err := store.CheckSchema(ctx); err != nil {
		return nil, err
	}
	return store.LastRuns(ctx)
}
