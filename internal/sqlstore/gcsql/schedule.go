package gcsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vitrine.dev/internal/sqldb"
)

// Collection implements gc.Store.
type Collection struct{ db *sqldb.DB }

// New returns the collection of the database.
func New(db *sqldb.DB) *Collection { return &Collection{db} }

// Installation implements gc.Store.
func (s *Collection) Installation(ctx context.Context) (id string, err error) {
	err = s.db.WithRetry(ctx, "read installation", func(ctx context.Context) error {
		return s.db.Reader.QueryRowContext(ctx, `SELECT id FROM installation`).Scan(&id)
	})
	return id, err
}

// ClaimSlice implements gc.Store.
func (s *Collection) ClaimSlice(
	ctx context.Context, task string, interval time.Duration, step, size int,
) (first int, claimed bool, err error) {
	err = s.db.WithRetry(ctx, "claim slice", func(ctx context.Context) error {
		// The row holds where the next slice begins; this one, a step before.
		var next int
		err := s.db.Writer.QueryRowContext(ctx, s.db.SQL(`
			INSERT INTO chores (name, due_at, place) VALUES ($1, {now} + CAST($2 AS BIGINT), CAST($3 AS INT))
			ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at, place = (chores.place + $3) % $4
			WHERE chores.due_at <= {now}
			RETURNING place`), task, interval.Milliseconds(), step%size, size).Scan(&next)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		first, claimed = (next-step%size+size)%size, err == nil
		return err
	})
	return first, claimed, err
}
