package imagesql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
)

// Cancel makes those images of the products fail that the request has asked for and no worker has
// begun: a message that is on its way to one finds it so. It locks the products before the images.
func Cancel(
	ctx context.Context, db *sqldb.DB, tx *sql.Tx, products []int64, requestID string, f *fault.Failure,
) ([]catalog.Changed, error) {
	marks, args := sqldb.In(1, products)
	if _, err := sqldb.IDs(ctx, tx, db.SQL(`SELECT id FROM products WHERE id IN (`+marks+`) ORDER BY id{for update}`), args...); err != nil {
		return nil, err
	}
	marks, args = sqldb.In(4, products)
	failed, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, m *movedImage) error { return row.Scan(&m.image, &m.product) },
		db.SQL(fail("$2", "$3")+` WHERE request_id = $1 AND status = 'pending' AND lease_until = 0 AND product_id IN (`+marks+`) RETURNING id, product_id`),
		append([]any{requestID, string(f.Reason), f.Detail}, args...)...)
	if err != nil || len(failed) == 0 {
		return nil, err
	}
	return progressEach(ctx, db, tx, failed, events.ImageFailed, events.Data{Reason: string(f.Reason)})
}
