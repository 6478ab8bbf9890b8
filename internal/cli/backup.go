package cli

import (
	"context"
	"errors"
	"fmt"
	"time"
)

type backupCommand struct {
	File string `arg:"" help:"The file to make; one that exists is refused."`
}

// Backup is what a copy of the database holds, and what is to be copied next.
type Backup struct {
	Products int64
	Schema   int64 // the newest migration
	Bytes    int64

	Images string        // the folder of the images; empty where they are not on disk
	Within time.Duration // no image in the backup is deleted for so long
}

// Run copies the embedded database.
func (b backupCommand) Run(ctx context.Context, program Program, to Streams) error {
	made, err := program.Backup(ctx, to, b.File)
	if errors.Is(err, context.Canceled) {
		return Unavailable(err)
	}
	if err != nil {
		return byKind(err)
	}
	text := fmt.Sprintf("%s: %s, schema %d, %d bytes, checked\n", b.File, several(made.Products, "product"), made.Schema, made.Bytes)
	if made.Images != "" {
		text += fmt.Sprintf("Now copy the images: everything in %s, within ORPHAN_GRACE (%s).\n", made.Images, made.Within)
	}
	_, err = fmt.Fprint(to.Out, text)
	return err
}
