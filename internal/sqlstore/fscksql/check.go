package fscksql

import (
	"context"
	"database/sql"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fsck"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// Checks implements fsck.Store, but for the changes of images, which are of
// imagesql, and for what it shares with gc.
type Checks struct{ db *sqldb.DB }

// New returns the checks of the database.
func New(db *sqldb.DB) *Checks { return &Checks{db} }

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
func (s *Checks) Stuck(
	ctx context.Context, status catalog.Status, silence time.Duration, limit int,
) (count int64, ids []int64, err error) {
	err = s.db.WithRetry(ctx, "look for stuck images", func(ctx context.Context) error {
		count = 0
		ids, err = sqldb.Collect(ctx, s.db.Reader, func(row sqldb.Row, id *int64) error { return row.Scan(id, &count) }, s.db.SQL(
			`SELECT i.id, count(*) OVER () FROM images i WHERE `+stuck(status)+` ORDER BY i.id LIMIT $2`), silence.Milliseconds(), limit)
		return err
	})
	return count, ids, err
}

// JobMessages implements fsck.Store.
func (s *Checks) JobMessages(ctx context.Context, after int64, limit int) (list []fsck.JobMessage, err error) {
	return sqldb.Select(ctx, s.db, "read job messages", func(row sqldb.Row, m *fsck.JobMessage) error {
		var overdue int64
		err := row.Scan(&m.ID, &m.Body, &m.Leased, &overdue, &m.Status, &m.Generation)
		m.Overdue = time.Duration(overdue) * time.Millisecond
		return err
	}, `
		SELECT o.id, o.body, o.lease_until > {now}, {now} - o.due_at, coalesce(i.status, ''), coalesce(i.generation, 0)
		FROM outbox o LEFT JOIN images i ON i.id = o.image_id
		WHERE o.image_id IS NOT NULL AND o.id > $1 ORDER BY o.id LIMIT $2`, after, limit)
}

// DropMessage implements fsck.Store.
func (s *Checks) DropMessage(ctx context.Context, id, generation int64) (dropped bool, err error) {
	n, err := s.db.Exec(ctx, "drop message", `
		DELETE FROM outbox WHERE id = $1 AND lease_until <= {now} AND NOT EXISTS (
			SELECT 1 FROM images i WHERE i.id = outbox.image_id
			AND i.status IN ('pending', 'processing') AND i.generation = $2)`, id, generation)
	return n > 0, err
}

// Revisions implements fsck.Store.
func (s *Checks) Revisions(ctx context.Context, after int64, limit int) (list []fsck.ProductRevision, err error) {
	return sqldb.Select(ctx, s.db, "read revisions", func(row sqldb.Row, p *fsck.ProductRevision) error {
		var age int64
		err := row.Scan(&p.ID, &p.UserID, &p.Revision, &age, &p.Miscount)
		p.Age = time.Duration(age) * time.Millisecond
		return err
	}, `SELECT id, user_id, revision, {now} - revised_at,
		       `+imagesql.Miscounted+`
		FROM products WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
}

// RaiseRevision implements fsck.Store.
func (s *Checks) RaiseRevision(ctx context.Context, id, revision int64) (changed catalog.Changed, err error) {
	err = s.db.InTxNotify(ctx, "raise revision", func(ctx context.Context, tx *sql.Tx) error {
		changed = catalog.Changed{ProductID: id}
		_, err := sqldb.IDs(ctx, tx, s.db.SQL(`SELECT id FROM products WHERE id = $1{for update}`), id)
		if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, s.db.SQL(`
			UPDATE products SET revised_at = {now}, revision = CASE WHEN revision > $2 THEN revision ELSE $2 + 1 END, `+imagesql.Recounted+`
			WHERE id = $1 RETURNING user_id, revision, version`), id, revision).Scan(&changed.UserID, &changed.Revision, &changed.Version)
		if err != nil {
			return sqldb.NoRow(err, sqldb.NotFound("product"))
		}
		return eventsql.Append(ctx, s.db, tx, events.Event{
			Type: events.ProductUpdated, ProductID: id, UserID: changed.UserID, Revision: changed.Revision, Version: changed.Version,
			Data: events.Data{Cause: events.CauseRepair},
		})
	})
	return changed, err
}

// MarkBroken implements fsck.Store. It waits for those who are completing with the
// rendition, so that Rebuild sees their images.
func (s *Checks) MarkBroken(ctx context.Context, key string) error {
	return s.db.InTx(ctx, "mark rendition broken", func(ctx context.Context, tx *sql.Tx) error {
		var until int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT deleting_until FROM renditions WHERE key = $1{for update}`), key).Scan(&until)
		if err != nil {
			return sqldb.NoRow(err, nil)
		}
		_, err = tx.ExecContext(ctx, s.db.SQL(`UPDATE renditions SET deleting_until = {now} WHERE key = $1 AND deleting_until < {now}`), key)
		return err
	})
}
