package catalogsql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/eventsql"
	"vitrine.dev/internal/sqlstore/imagesql"
)

// DropOfUser deletes at most limit products of the user, and returns what changed.
func DropOfUser(ctx context.Context, db *sqldb.DB, tx *sql.Tx, user int64, limit int) ([]catalog.Changed, error) {
	deleted, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, e *events.Event) error {
		var id, version, revision int64
		err := row.Scan(&id, &version, &revision)
		*e = deletion(id, user, version, revision)
		return err
	}, db.SQL(`SELECT id, version, revision FROM products WHERE user_id = $1 ORDER BY id + 0 LIMIT $2{for update}`), user, limit)
	if err != nil || len(deleted) == 0 {
		return nil, err
	}
	changed := make([]catalog.Changed, len(deleted))
	for i, e := range deleted {
		changed[i] = catalog.ChangedBy(e)
	}
	return changed, drop(ctx, db, tx, deleted...)
}

// deletion is the event of a product that is deleted at the version and the revision.
func deletion(id, user, version, revision int64) events.Event {
	return events.Event{Type: events.ProductDeleted, ProductID: id, UserID: user, Revision: revision + 1, Version: version + 1}
}

// drop deletes the products of the events, whose rows are locked, with their images.
func drop(ctx context.Context, db *sqldb.DB, tx *sql.Tx, deleted ...events.Event) error {
	ids := make([]int64, len(deleted))
	for i, e := range deleted {
		ids[i] = e.ProductID
	}
	in, args := sqldb.In(1, ids)
	images, err := sqldb.IDs(ctx, tx, `SELECT id FROM images WHERE product_id IN (`+in+`)`, args...)
	if err != nil {
		return err
	}
	if err := imagesql.Drop(ctx, tx, images); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM products WHERE id IN (`+in+`)`, args...); err != nil { //nolint:gosec // placeholders
		return err
	}
	return eventsql.Append(ctx, db, tx, deleted...)
}
