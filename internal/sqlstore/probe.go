package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"vitrine.dev/internal/fault"
)

// tables are those that a process reads and writes.
func tables() []string {
	return []string{
		"products", "images", "renditions", "outbox", "chores", "installation",
		"idempotency_keys", "dead_messages", "dead_jobs",
	}
}

// OnWrite has heard be told of every change that was made (nil) and of every
// one that failed. It is called before the store is used.
func (s *Store) OnWrite(heard func(error)) { s.heard = heard }

// Probe reports whether the database takes changes from this role now: it asks
// for the rights where there are any, and makes a change that means nothing.
// fault.Unavailable, with the missing right in its cause.
func (s *Store) Probe(ctx context.Context) error {
	err := s.patiently(ctx, "probe", func(ctx context.Context) error {
		return s.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if err := s.lackedRight(ctx, tx); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `UPDATE installation SET id = id`)
			return err
		})
	})
	return err
}

// lackedRight returns an error that names a right which the role lacks, or nil.
func (s *Store) lackedRight(ctx context.Context, tx *sql.Tx) error {
	if s.dialect.lackedRight == "" {
		return nil
	}
	var lacked string
	err := tx.QueryRowContext(ctx, s.dialect.lackedRight, strings.Join(tables(), ",")).Scan(&lacked)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for rights: %w", err)
	}
	return fault.Wrap(fault.Unavailable, "the database is not available", errors.New("the database role lacks "+lacked))
}
