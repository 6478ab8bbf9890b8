package catalogsql

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"vitrine.dev/internal/cache"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
	"vitrine.dev/internal/sqlstore/outboxsql"
)

// DeleteProduct implements catalog.Store.
func (s *Products) DeleteProduct(ctx context.Context, id int64, versions []int64) (changed catalog.Changed, err error) {
	err = s.db.InTxNotify(ctx, "delete product", func(ctx context.Context, tx *sql.Tx) error {
		var user, version int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT user_id, version FROM products WHERE id = $1{for update}`), id).
			Scan(&user, &version)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return sqldb.NotFound("product")
		case err != nil:
			return err
		case versions != nil && !slices.Contains(versions, version):
			return fault.New(fault.Stale, "the product has changed since")
		}
		images, err := sqldb.IDs(ctx, tx, `SELECT id FROM images WHERE product_id = $1`, id)
		if err != nil {
			return err
		}
		if err := imagesql.Drop(ctx, tx, images); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM products WHERE id = $1`, id); err != nil {
			return err
		}
		changed = catalog.Changed{ProductID: id, UserID: user, Version: cache.Gone, Listed: true}
		return outboxsql.RecordChange(ctx, s.db, tx, changed)
	})
	return changed, err
}
