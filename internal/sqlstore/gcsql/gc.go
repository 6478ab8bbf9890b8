package gcsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// Collection implements gc.Store.
type Collection struct{ db *sqldb.DB }

// New returns the collection of the database.
func New(db *sqldb.DB) *Collection { return &Collection{db} }

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

// unreferred is the condition that no image refers to a rendition.
const unreferred = `NOT EXISTS (SELECT 1 FROM images i WHERE i.rendition_key = renditions.key)`

// Renditions implements gc.Store.
func (s *Collection) Renditions(ctx context.Context, from, below string, limit int) ([]gc.Rendition, error) {
	return s.renditions(ctx, `WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3`, from, below, limit)
}

func (s *Collection) renditions(ctx context.Context, selection string, args ...any) ([]gc.Rendition, error) {
	return sqldb.Select(ctx, s.db, "read renditions", scanRendition,
		`SELECT key, outputs, deleting_until = 0, NOT `+unreferred+` FROM renditions `+selection, args...)
}

func scanRendition(row sqldb.Row, r *gc.Rendition) error {
	var text string
	if err := row.Scan(&r.Key, &text, &r.Live, &r.Used); err != nil {
		return err
	}
	var files imagesql.Outputs
	if err := json.Unmarshal([]byte(text), &files); err != nil {
		return fmt.Errorf("outputs of rendition %s: %w", r.Key, err)
	}
	if files.Compressed.Key != "" {
		r.Outputs = append([]catalog.Output{files.Compressed}, files.Variants...)
	}
	return nil
}

// MarkUnused implements gc.Store.
func (s *Collection) MarkUnused(ctx context.Context, from, below string) error {
	return s.db.InTx(ctx, "mark unused renditions", func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range []string{
			`UPDATE renditions SET unused_since = {now}
			 WHERE key >= $1 AND key < $2 AND unused_since = 0 AND deleting_until = 0 AND ` + unreferred,
			`UPDATE renditions SET unused_since = 0
			 WHERE key >= $1 AND key < $2 AND unused_since > 0 AND NOT ` + unreferred,
		} {
			if _, err := tx.ExecContext(ctx, s.db.SQL(statement), from, below); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unused implements gc.Store.
func (s *Collection) Unused(ctx context.Context, after string, grace time.Duration, limit int) ([]gc.Rendition, error) {
	return s.renditions(ctx, `
		WHERE key > $1 AND unused_since > 0 AND unused_since <= {now} - $2 AND deleting_until = 0 AND `+unreferred+`
		ORDER BY key LIMIT $3`, after, grace.Milliseconds(), limit)
}
