package imagesql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/sqldb"
)

// counts and cover are what the images of a product are: how many there are of
// each status, and the rendition of the first that is ready.
const (
	columns = `(images_pending, images_ready, images_failed)`
	counts  = `(
		SELECT count(*) FILTER (WHERE status = 'pending'), count(*) FILTER (WHERE status = 'ready'),
		       count(*) FILTER (WHERE status = 'failed')
		FROM images WHERE product_id = products.id)`
	cover = `(
		SELECT rendition_key FROM images WHERE product_id = products.id AND status = 'ready' ORDER BY position LIMIT 1)`
)

// Miscounted is the condition that a product says something else of its images.
const Miscounted = `(` + columns + ` <> ` + counts + ` OR cover_key IS DISTINCT FROM ` + cover + `)`

// Recounted has an UPDATE make a product say what its images are. It counts
// again instead of adding and subtracting: a product has at most
// catalog.MaxImages images, and no transition needs to know what its image was
// before. An earlier statement must have locked the product, so that this one
// sees the images as they will be committed.
const Recounted = columns + ` = ` + counts + `, cover_key = ` + cover

// Revised is what every change sets in the row of a product, after its images
// were written; edits set more.
const Revised = `revision = revision + 1, revised_at = {now}, ` + Recounted

// progress writes the products, which the transaction has locked, as they show
// images that it has moved.
func progress(ctx context.Context, db *sqldb.DB, tx *sql.Tx, products []int64) ([]catalog.Changed, error) {
	marks, args := sqldb.In(1, products)
	return sqldb.Collect(ctx, tx, func(row sqldb.Row, c *catalog.Changed) error {
		return row.Scan(&c.ProductID, &c.UserID, &c.Revision, &c.Version)
	}, db.SQL(`UPDATE products SET `+Revised+` WHERE id IN (`+marks+`) RETURNING id, user_id, revision, version`), args...)
}
