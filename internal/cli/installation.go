package cli

import (
	"context"
	"fmt"
)

type restoredCommand struct{}

// Run gives the installation a new epoch.
func (restoredCommand) Run(ctx context.Context, program Program, to Streams) error {
	if err := program.Restored(ctx, to); err != nil {
		return byKind(fmt.Errorf("restored: %w", err))
	}
	_, err := fmt.Fprintln(to.Out, "The installation has a new epoch: what caches and clients remember of it is not used any more.")
	return err
}

type adoptCommand struct {
	Part string `arg:"" enum:"storage,cache,queue" help:"storage, cache or queue."`
}

// Run makes the part that is configured now the installation's.
func (c adoptCommand) Run(ctx context.Context, program Program, to Streams) error {
	server, err := program.Adopt(ctx, to, c.Part)
	if err != nil {
		return byKind(fmt.Errorf("adopt %s: %w", c.Part, err))
	}
	where := "no server of its own any more"
	if server {
		where = "the server that is configured here"
	}
	_, err = fmt.Fprintf(to.Out, "The %s of this installation is %s.\n", c.Part, where)
	return err
}
