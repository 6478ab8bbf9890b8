package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqlstore"
)

type backupCommand struct {
	File string `arg:"" help:"The file to make; one that is there already is refused."`
}

// Run copies the embedded database. It takes no lock on DATA_DIR: a `serve`
// goes on beside it.
func (b backupCommand) Run(ctx context.Context, to streams) error {
	cfg, log, err := configured(ctx, to.err)
	if err != nil {
		return err
	}
	if cfg.DBHost != "" {
		return &codedError{fmt.Errorf("backup: %w: see docs/operations.md", sqlstore.ErrNoBackup), exitUsage}
	}
	log = log.With("role", "backup")
	var held closers
	defer held.close(log)
	store, err := openExisting(ctx, cfg, &held, log)
	if err != nil {
		return &codedError{fmt.Errorf("backup: %w", err), exitUnavailable}
	}
	made, err := store.Backup(ctx, b.File)
	if err != nil {
		code := exitFailure
		if fault.KindOf(err) == fault.Unavailable || errors.Is(err, context.Canceled) {
			code = exitUnavailable
		}
		return &codedError{err, code}
	}
	text := fmt.Sprintf("%s: %d products, schema %d, %d bytes, checked\n", b.File, made.Products, made.Schema, made.Bytes)
	if cfg.S3Bucket == "" {
		text += fmt.Sprintf("Now copy the images: everything in %s, within ORPHAN_GRACE (%s).\n", filepath.Join(cfg.DataDir, "images"), cfg.OrphanGrace)
	}
	_, err = fmt.Fprint(to.out, text)
	return err
}
