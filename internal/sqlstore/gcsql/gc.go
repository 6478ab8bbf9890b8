package gcsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"vitrine.dev/internal/blob"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
	"vitrine.dev/internal/sqlstore/sourcesql"
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

// table is what the statements on renditions and those on sources do not have in common.
type table struct {
	name       string
	unreferred string // the condition that nothing refers to the row
	files      string // what the row says of its files
	tombstone  string // inserts a row that only remembers a deletion
}

func renditions() table {
	return table{
		name:       "renditions",
		unreferred: `NOT EXISTS (SELECT 1 FROM images i WHERE i.rendition_key = renditions.key)`,
		files:      `outputs, 0`,
		tombstone: `INSERT INTO renditions (key, source_bytes, width, height, placeholder, outputs, created_at, deleting_until)
			VALUES ($1, 0, 0, 0, '', '{}', {now}, 1)`,
	}
}

func sources() table {
	return table{
		name: "sources", unreferred: sourcesql.Unreferred, files: `'{}', bytes`,
		tombstone: `INSERT INTO sources (key, bytes, created_at, deleting_until) VALUES ($1, 0, {now}, 1)`,
	}
}

// of returns where a row of the key is.
func of(key string) table {
	if strings.HasPrefix(key, blob.Sources) {
		return sources()
	}
	return renditions()
}

// Renditions implements gc.Store.
func (s *Collection) Renditions(ctx context.Context, from, below string, limit int) ([]gc.Rendition, error) {
	t := of(from)
	return sqldb.Select(ctx, s.db, "read "+t.name, scanRendition, t.page(), from, below, limit)
}

// page and mark go along the keys, unmark and unused along the index of those keys that are marked (TestPlans).
func (t table) page() string {
	return `SELECT key, ` + t.files + `, deleting_until = 0, NOT ` + t.unreferred + ` FROM ` + t.name + `
		WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3`
}

func scanRendition(row sqldb.Row, r *gc.Rendition) error {
	var text string
	var bytes int64
	if err := row.Scan(&r.Key, &text, &bytes, &r.Live, &r.Used); err != nil {
		return err
	}
	if blob.IsSource(r.Key) {
		r.Outputs = []catalog.Output{{Key: r.Key, Bytes: bytes}}
		return nil
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
	t := of(from)
	return s.db.InTx(ctx, "mark unused "+t.name, func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range []string{t.mark(), t.unmark()} {
			if _, err := tx.ExecContext(ctx, s.db.SQL(statement), from, below); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t table) mark() string {
	return `UPDATE ` + t.name + ` SET unused_since = {now}
		WHERE key >= $1 AND key < $2 AND unused_since = 0 AND deleting_until = 0 AND ` + t.unreferred
}

func (t table) unmark() string {
	return `UPDATE ` + t.name + ` SET unused_since = 0
		WHERE key >= $1 AND key < $2 AND unused_since > 0 AND NOT ` + t.unreferred
}

func (t table) unused() string {
	return `SELECT key, ` + t.files + `, deleting_until = 0, FALSE FROM ` + t.name + `
		WHERE key > $1 AND key < $2 AND unused_since > 0 AND unused_since <= {now} - $3 AND deleting_until = 0 AND ` + t.unreferred + `
		ORDER BY key LIMIT $4`
}

// Unused implements gc.Store.
func (s *Collection) Unused(ctx context.Context, after, below string, grace time.Duration, limit int) ([]gc.Rendition, error) {
	t := of(after)
	return sqldb.Select(ctx, s.db, "read unused "+t.name, scanRendition, t.unused(), after, below, grace.Milliseconds(), limit)
}
