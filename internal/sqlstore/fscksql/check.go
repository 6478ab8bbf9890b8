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

// Silent implements fsck.Store.
func (s *Checks) Silent(ctx context.Context, silence time.Duration, limit int) (count int64, ids []int64, err error) {
	err = s.db.WithRetry(ctx, "look for silent workers", func(ctx context.Context) error {
		count = 0
		ids, err = sqldb.Collect(ctx, s.db.Reader, func(row sqldb.Row, id *int64) error { return row.Scan(id, &count) }, s.db.SQL(
			`SELECT id, count(*) OVER () FROM images
			WHERE stage = 3 AND lease_until > 0 AND lease_until < {now} - $1 ORDER BY id LIMIT $2`), silence.Milliseconds(), limit)
		return err
	})
	return count, ids, err
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
