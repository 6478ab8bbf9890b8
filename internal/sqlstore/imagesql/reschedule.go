package imagesql

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// Reschedule implements media.Store.
func (s *Images) Reschedule(ctx context.Context, j media.Job, delay, maxAge time.Duration) (expired bool, err error) {
	err = s.db.InTx(ctx, "reschedule image", func(ctx context.Context, tx *sql.Tx) error {
		expired = false
		var age int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT {now} - accepted_at FROM images`+delivered+`{for update}`),
			j.ImageID, j.ProductID, j.Generation, j.Token).Scan(&age)
		if err != nil {
			return sqldb.NoRow(err, errSuperseded())
		}
		wait := delay
		if maxAge > 0 {
			left := maxAge - time.Duration(age)*time.Millisecond
			if expired = left <= 0; expired {
				return nil
			}
			wait = min(delay, left)
		}
		_, err = tx.ExecContext(ctx, s.db.SQL(reschedule), j.ImageID, j.ProductID, j.Generation, j.Token, wait.Milliseconds())
		return err
	})
	return expired, err
}

// Expire implements media.Store. It locks the products before the images, as
// Replay does, and asks of each image again what it was selected for.
func (s *Images) Expire(
	ctx context.Context, j media.Job, maxAge time.Duration, f *fault.Failure, limit int,
) (changed []catalog.Changed, err error) {
	// An image that has failed waits for its retry until it is due.
	const waits = ` lease_until = 0 AND (stage + 0 IN (2, 3) OR stage + 0 = 0 AND (reason = '' AND refresh_error = '' OR due_at <= {now}))
		AND accepted_at <= {now} - $1`
	err = s.db.InTxNotify(ctx, "expire images", func(ctx context.Context, tx *sql.Tx) error {
		changed = nil
		const others = `SELECT id FROM images WHERE stage = %d AND source_host = $2 AND id <> $3 AND` + waits
		images, err := sqldb.IDs(ctx, tx, s.db.SQL(fmt.Sprintf(others+` UNION ALL `+others+` UNION ALL `+others+` LIMIT $4`,
			media.Later, media.InLine, media.Out)), maxAge.Milliseconds(), j.Host, j.ImageID, limit)
		if err != nil {
			return err
		}
		marks, args := sqldb.In(1, append(images, j.ImageID))
		_, err = sqldb.IDs(ctx, tx, s.db.SQL(
			`SELECT id FROM products WHERE id IN (SELECT product_id FROM images WHERE id IN (`+marks+`)) ORDER BY id{for update}`), args...)
		if err != nil {
			return err
		}
		marks, args = sqldb.In(4, append(images, j.ImageID))
		failed, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, m *movedImage) error { return row.Scan(&m.image, &m.product, &m.shown) },
			s.db.SQL(fail("$2", "$3")+` WHERE`+waits+` AND id IN (`+marks+`) RETURNING id, product_id, status = 'ready'`),
			append([]any{maxAge.Milliseconds(), string(f.Reason), f.Detail}, args...)...)
		if err != nil {
			return err
		}
		if len(failed) == 0 {
			return errSuperseded()
		}
		changed, err = progressEach(ctx, s.db, tx, failed, events.ImageFailed, events.Data{Reason: string(f.Reason)})
		return err
	})
	return changed, err
}
