package imagesql

import (
	"context"
	"database/sql"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/outboxsql"
)

// Listed is the condition that an image is on the list of failures; its indexes are
// partial by it.
const Listed = `status = 'failed' AND discarded_at = 0`

// held is the condition under which a claim still is one: its fencing token.
const held = ` WHERE id = $1 AND generation = $2 AND attempts = $3 AND status = 'processing'`

// errSuperseded ends a transition that the image is not in the state for.
func errSuperseded() error {
	return fault.New(fault.Conflict, "the image is not waiting for this")
}

// transition is every change of an image's state: it raises the
// product's version first, which also locks the product before the image, then moves the
// image, and records the change for the cache. Where move returns false, nothing
// was written.
func (s *Images) transition(
	ctx context.Context, operation string, productID int64, move func(context.Context, *sql.Tx, catalog.Changed) (bool, error),
) (changed catalog.Changed, err error) {
	err = s.db.InTxNotify(ctx, operation, func(ctx context.Context, tx *sql.Tx) error {
		changed = catalog.Changed{ProductID: productID}
		err := tx.QueryRowContext(ctx, s.db.SQL(
			`UPDATE products SET version = version + 1, updated_at = {now} WHERE id = $1 RETURNING user_id, version`), productID).
			Scan(&changed.UserID, &changed.Version)
		if err != nil {
			return sqldb.NoRow(err, errSuperseded())
		}
		moved, err := move(ctx, tx, changed)
		if err != nil {
			return err
		}
		if !moved {
			return errSuperseded()
		}
		err = outboxsql.RecordChange(ctx, s.db, tx, changed)
		failpoint.Crash(failpoint.Point(operation))
		return err
	})
	return changed, err
}

// raiseVersions raises the versions of products that the transaction has locked.
func raiseVersions(ctx context.Context, db *sqldb.DB, tx *sql.Tx, products []int64) ([]catalog.Changed, error) {
	marks, args := sqldb.In(1, products)
	return sqldb.Collect(ctx, tx, func(row sqldb.Row, c *catalog.Changed) error {
		return row.Scan(&c.ProductID, &c.UserID, &c.Version)
	}, db.SQL(
		`UPDATE products SET version = version + 1, updated_at = {now} WHERE id IN (`+marks+`) RETURNING id, user_id, version`), args...)
}

// setFailed is the only wording of how an image becomes failed: whatever finds
// failed images filters by these columns. It takes the placeholders of the reason
// and its detail.
func setFailed(reason, detail string) string {
	return `UPDATE images SET status = 'failed', lease_until = 0, reason = ` + reason + `, reason_detail = ` + detail + `,
		failed_at = {now}, failed_user = (SELECT user_id FROM products WHERE products.id = images.product_id)`
}

// startOver is the only wording of how an image becomes what a new one is, in
// its next generation, also by its age. Whoever uses it enqueues the job, too.
const startOver = `
	UPDATE images SET status = 'pending', generation = generation + 1, attempts = 0, lost_attempts = 0, retry_at = 0, lease_until = 0,
	       reason = '', reason_detail = '', failed_at = 0, failed_user = 0, discarded_at = 0, rendition_key = NULL,
	       queued_at = {now}, accepted_at = {now}`
