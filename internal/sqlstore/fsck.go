package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/sqldb"
)

// stuck says by status which images a sweep should have taken up; $1 is the
// silence in milliseconds.
func stuck(status catalog.Status) string {
	if status == catalog.Processing {
		return `i.status = 'processing' AND i.lease_until < {now} - $1`
	}
	return `i.status = 'pending' AND i.queued_at < {now} - $1
		AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.image_id = i.id)`
}

// Stuck implements fsck.Store.
func (s *Store) Stuck(
	ctx context.Context, status catalog.Status, silence time.Duration, limit int,
) (count int64, ids []int64, err error) {
	err = s.WithRetry(ctx, "look for stuck images", func(ctx context.Context) error {
		count = 0
		ids, err = sqldb.Collect(ctx, s.Reader, func(row sqldb.Row, id *int64) error { return row.Scan(id, &count) }, s.SQL(
			`SELECT i.id, count(*) OVER () FROM images i WHERE `+stuck(status)+` ORDER BY i.id LIMIT $2`), silence.Milliseconds(), limit)
		return err
	})
	return count, ids, err
}

// JobMessages implements fsck.Store.
func (s *Store) JobMessages(ctx context.Context, after int64, limit int) (list []fsck.JobMessage, err error) {
	err = s.WithRetry(ctx, "read job messages", func(ctx context.Context) error {
		list, err = sqldb.Collect(ctx, s.Reader, func(row sqldb.Row, m *fsck.JobMessage) error {
			var overdue int64
			err := row.Scan(&m.ID, &m.Body, &m.Leased, &overdue, &m.Status, &m.Generation)
			m.Overdue = time.Duration(overdue) * time.Millisecond
			return err
		}, s.SQL(`
			SELECT o.id, o.body, o.lease_until > {now}, {now} - o.due_at, coalesce(i.status, ''), coalesce(i.generation, 0)
			FROM outbox o LEFT JOIN images i ON i.id = o.image_id
			WHERE o.image_id IS NOT NULL AND o.id > $1 ORDER BY o.id LIMIT $2`), after, limit)
		return err
	})
	return list, err
}

// DropMessage implements fsck.Store.
func (s *Store) DropMessage(ctx context.Context, id, generation int64) (dropped bool, err error) {
	err = s.WithRetry(ctx, "drop message", func(ctx context.Context) error {
		dropped, err = sqldb.Affected(s.Writer.ExecContext(ctx, s.SQL(`
			DELETE FROM outbox WHERE id = $1 AND lease_until <= {now} AND NOT EXISTS (
				SELECT 1 FROM images i WHERE i.id = outbox.image_id
				AND i.status IN ('pending', 'processing') AND i.generation = $2)`), id, generation))
		return err
	})
	return dropped, err
}

// Renditions implements gc.Store.
func (s *Store) Renditions(ctx context.Context, from, below string, limit int) ([]gc.Rendition, error) {
	return s.renditions(ctx, `WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3`, from, below, limit)
}

func (s *Store) renditions(ctx context.Context, selection string, args ...any) (list []gc.Rendition, err error) {
	err = s.WithRetry(ctx, "read renditions", func(ctx context.Context) error {
		list, err = sqldb.Collect(ctx, s.Reader, scanRendition, s.SQL(
			`SELECT key, outputs, deleting_until = 0, NOT `+unreferred+` FROM renditions `+selection), args...)
		return err
	})
	return list, err
}

func scanRendition(row sqldb.Row, r *gc.Rendition) error {
	var text string
	if err := row.Scan(&r.Key, &text, &r.Live, &r.Used); err != nil {
		return err
	}
	var files outputs
	if err := json.Unmarshal([]byte(text), &files); err != nil {
		return fmt.Errorf("outputs of rendition %s: %w", r.Key, err)
	}
	if files.Compressed.Key != "" {
		r.Outputs = append([]catalog.Output{files.Compressed}, files.Variants...)
	}
	return nil
}

// Versions implements fsck.Store.
func (s *Store) Versions(ctx context.Context, after int64, limit int) (list []fsck.ProductVersion, err error) {
	err = s.WithRetry(ctx, "read versions", func(ctx context.Context) error {
		list, err = sqldb.Collect(ctx, s.Reader, func(row sqldb.Row, p *fsck.ProductVersion) error {
			var age int64
			err := row.Scan(&p.ID, &p.Version, &age)
			p.Age = time.Duration(age) * time.Millisecond
			return err
		}, s.SQL(`SELECT id, version, {now} - updated_at FROM products WHERE id > $1 ORDER BY id LIMIT $2`), after, limit)
		return err
	})
	return list, err
}

// RaiseVersion implements fsck.Store.
func (s *Store) RaiseVersion(ctx context.Context, id, version int64) (changed catalog.Changed, err error) {
	err = s.InTxNotify(ctx, "raise version", func(ctx context.Context, tx *sql.Tx) error {
		changed = catalog.Changed{ProductID: id}
		err := tx.QueryRowContext(ctx, s.SQL(`
			UPDATE products SET updated_at = {now}, version = CASE WHEN version > $2 THEN version ELSE $2 + 1 END
			WHERE id = $1 RETURNING user_id, version`), id, version).Scan(&changed.UserID, &changed.Version)
		if errors.Is(err, sql.ErrNoRows) {
			return sqldb.NotFound("product")
		}
		if err != nil {
			return err
		}
		return s.recordChange(ctx, tx, changed)
	})
	return changed, err
}

// Installation implements gc.Store.
func (s *Store) Installation(ctx context.Context) (id string, err error) {
	err = s.WithRetry(ctx, "read installation", func(ctx context.Context) error {
		return s.Reader.QueryRowContext(ctx, `SELECT id FROM installation`).Scan(&id)
	})
	return id, err
}

// ClaimSlice implements gc.Store.
func (s *Store) ClaimSlice(
	ctx context.Context, task string, interval time.Duration, step, size int,
) (first int, claimed bool, err error) {
	err = s.WithRetry(ctx, "claim slice", func(ctx context.Context) error {
		// The row holds where the next slice begins; this one, a step before.
		var next int
		err := s.Writer.QueryRowContext(ctx, s.SQL(`
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
