package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"vitrine.dev/internal/app/config"
	"vitrine.dev/internal/cli"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/installation"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/transfer"
)

// Copy implements cli.Program. The files come first, in as many runs as it takes,
// then the rows in one transaction, and before its commit the files that were
// published meanwhile: the target never shows an image that it does not have.
func (program) Copy(ctx context.Context, to cli.Streams, target string, progress cli.CopyProgress) (done cli.Copied, err error) {
	cfg, log, err := configured(ctx, to.Err, "copy")
	if err != nil {
		return done, err
	}
	there, err := targetConfig(target)
	if err != nil {
		return done, cli.Usage(fmt.Errorf("--to %s: %w", target, err))
	}
	var held closers
	defer held.close(log)
	from, err := openExisting(ctx, cfg, &held, log)
	if err == nil {
		err = from.CheckSchema(ctx)
	}
	if err != nil {
		return done, cli.Unavailable(fmt.Errorf("copy: the source: %w", err))
	}
	into, err := openTarget(ctx, there, &held, log)
	if err != nil {
		return done, fmt.Errorf("copy: the target: %w", err)
	}
	done.SameStorage = sameStorage(cfg, there)
	files := func(context.Context) error { return nil }
	if !done.SameStorage {
		if files, err = fileCopy(ctx, cfg, there, from, &held, progress, &done); err != nil {
			return done, fmt.Errorf("copy: %w", err)
		}
	}
	if err := files(ctx); err != nil {
		return done, fmt.Errorf("copy: %w", err)
	}
	if progress.Rows == nil {
		progress.Rows = func(string, int64, int64) {}
	}
	done.AsOf = time.Now()
	if done.Rows, err = from.CopyTo(ctx, into, externalParts(there), files, progress.Rows); err != nil {
		return done, fmt.Errorf("copy: %w", err)
	}
	return done, nil
}

// targetConfig reads the settings of the target: a file, or embedded: and a folder.
func targetConfig(target string) (config.Config, error) {
	if folder, embedded := strings.CutPrefix(target, "embedded:"); embedded {
		if folder == "" {
			return config.Config{}, errors.New("embedded: wants a folder after it")
		}
		return config.Parse(map[string]string{"DATA_DIR": folder})
	}
	return config.LoadFile(target)
}

// openTarget opens the target's database, alone where it is embedded, with the
// tables that are missing.
func openTarget(ctx context.Context, there config.Config, held *closers, log *slog.Logger) (*sqlstore.Store, error) {
	store, err := openStore(ctx, there, roleNamed("serve"), held, log, nil)
	if err != nil {
		return nil, err
	}
	if _, err := store.Migrate(ctx); err != nil {
		return nil, err
	}
	return store, store.CheckEmpty(ctx)
}

// fileCopy returns what copies the files, as often as it is called: each time
// those that are missing.
func fileCopy(
	ctx context.Context, cfg, there config.Config, from *sqlstore.Store, held *closers, progress cli.CopyProgress, done *cli.Copied,
) (func(context.Context) error, error) {
	source, err := openBlobs(ctx, cfg, held)
	if err != nil {
		return nil, err
	}
	if err := source.Ping(ctx); err != nil { // an unavailable folder or bucket does not prove that its files are missing
		return nil, err
	}
	target, err := openBlobs(ctx, there, held)
	if err != nil {
		return nil, err
	}
	record, _, err := from.Installation(ctx)
	if err != nil {
		return nil, err
	}
	marker := storageMarker(from, target)
	marker.Published = func(context.Context) (bool, error) { return false, nil } // what is published lies in the source
	files := transfer.Files{Store: from, From: source, To: target, Progress: progress.Files, Mark: func(ctx context.Context) error {
		err := installation.Check(ctx, installation.Storage, marker, record.ID)
		if refused, ok := errors.AsType[*installation.RefusedError](err); ok {
			return fault.Wrap(fault.Conflict, refused.Why, err)
		}
		return err
	}}
	return func(ctx context.Context) error {
		copied, err := files.Copy(ctx)
		done.Files, done.Bytes, done.Missing = done.Files+copied.Files, done.Bytes+copied.Bytes, copied.Missing
		return err
	}, nil
}

// sameStorage reports whether two configurations mean the same bucket or folder.
func sameStorage(a, b config.Config) bool {
	if a.S3Bucket != "" || b.S3Bucket != "" {
		return a.S3Bucket == b.S3Bucket && a.S3Endpoint == b.S3Endpoint
	}
	return realPath(imagesFolder(a)) == realPath(imagesFolder(b))
}

func realPath(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if resolved, err := filepath.EvalSymlinks(absolute); err == nil {
		return resolved
	}
	return absolute
}
