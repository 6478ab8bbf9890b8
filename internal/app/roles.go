package app

import (
	"context"
	"fmt"
	"time"
)

// role is what a process does.
type role struct {
	name   string
	api    bool // serves HTTP
	worker bool // works on images
}

// alone reports whether the role wants the embedded data for itself.
func (r role) alone() bool { return r.api && r.worker }

type (
	serveCommand   struct{}
	apiCommand     struct{}
	workerCommand  struct{}
	migrateCommand struct {
		Wait waitFlag `help:"Wait for a database that cannot be reached yet: two minutes, or as long as given (--wait=10m)." placeholder:"DURATION"`
	}
)

// Run serves everything from one process.
func (serveCommand) Run(ctx context.Context, to streams) error {
	return start(ctx, to, role{name: "serve", api: true, worker: true})
}

// Run serves HTTP.
func (apiCommand) Run(ctx context.Context, to streams) error {
	return start(ctx, to, role{name: "api", api: true})
}

// Run works on images.
func (workerCommand) Run(ctx context.Context, to streams) error {
	return start(ctx, to, role{name: "worker", worker: true})
}

// Run brings the schema up to date.
func (m migrateCommand) Run(ctx context.Context, to streams) error {
	cfg, log, err := configured(ctx, to.out)
	if err != nil {
		return err
	}
	var held closers
	defer held.close(log)
	store, err := openStore(ctx, cfg, role{name: "migrate"}, &held, log)
	if err != nil {
		return err
	}
	if err := waitForDatabase(ctx, store, time.Duration(m.Wait), log); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	applied, err := store.Migrate(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	log.InfoContext(ctx, "the schema is up to date", "applied", len(applied))
	return nil
}

func start(ctx context.Context, to streams, r role) error {
	cfg, log, err := configured(ctx, to.out)
	if err != nil {
		return err
	}
	return run(ctx, to, r, cfg, log)
}
