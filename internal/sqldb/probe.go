package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"vitrine.dev/internal/fault"
)

// Probe reports whether the database takes changes from this role now: it asks
// for the rights where there are any, and makes a change that means nothing.
// fault.Unavailable, with the missing right in its cause.
func (db *DB) Probe(ctx context.Context) error {
	return db.WithRetry(ctx, "probe", func(ctx context.Context) error {
		return db.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if err := db.missingRight(ctx, tx); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, db.schema.Probe)
			return err
		})
	})
}

// missingRight returns an error that names a right which the role lacks, or nil.
func (db *DB) missingRight(ctx context.Context, tx *sql.Tx) error {
	if db.lackedRight == "" {
		return nil
	}
	var lacked string
	err := tx.QueryRowContext(ctx, db.lackedRight, strings.Join(db.schema.Tables, ","), strings.Join(db.schema.Sequences, ",")).Scan(&lacked)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for rights: %w", err)
	}
	return fault.Wrap(fault.Unavailable, "the database is not available", errors.New("the database role lacks "+lacked))
}
