package imagesql

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/outboxsql"
)

// waitingFor is the condition under which an image waits for the job.
const waitingFor = ` WHERE id = $1 AND product_id = $2 AND generation = $3 AND status = 'pending' AND retry_at <= {now}`

// Reschedule implements media.Store. It holds the image, so that two messages of
// the same job do not become two messages more.
func (s *Images) Reschedule(ctx context.Context, j media.Job, delay, maxAge time.Duration) (expired bool, err error) {
	err = s.db.InTx(ctx, "defer job", func(ctx context.Context, tx *sql.Tx) error {
		expired = false
		var accepted, now int64
		err := tx.QueryRowContext(ctx, s.db.SQL(`SELECT accepted_at, {now} FROM images`+waitingFor+`{for update}`),
			j.ImageID, j.ProductID, j.Generation).Scan(&accepted, &now)
		if err != nil {
			return sqldb.NoRow(err, errSuperseded())
		}
		wait := delay
		if maxAge > 0 {
			left := maxAge - time.Duration(now-accepted)*time.Millisecond
			if expired = left <= 0; expired {
				return nil
			}
			wait = min(delay, left)
		}
		// A leased message is the one that has just been delivered.
		var queued bool
		err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outbox WHERE image_id = $1 AND lease_until = 0)`, j.ImageID).
			Scan(&queued)
		if err != nil || queued {
			return err
		}
		_, err = tx.ExecContext(ctx, s.db.SQL(`UPDATE images SET queued_at = {now} + $2 WHERE id = $1`), j.ImageID, wait.Milliseconds())
		if err != nil {
			return err
		}
		return outboxsql.Enqueue(ctx, s.db, tx, []outboxsql.Job{{Job: j, Delay: wait}})
	})
	return expired, err
}

// Expire implements media.Store. It locks the products before the images, as
// Replay does, and asks of each image again what it was selected for.
func (s *Images) Expire(
	ctx context.Context, j media.Job, maxAge time.Duration, f *fault.Failure, limit int,
) (changed []catalog.Changed, err error) {
	const waits = ` status = 'pending' AND retry_at <= {now} AND accepted_at <= {now} - $1`
	err = s.db.InTxNotify(ctx, "expire images", func(ctx context.Context, tx *sql.Tx) error {
		changed = nil
		images, err := sqldb.IDs(ctx, tx, s.db.SQL(
			`SELECT id FROM images WHERE`+waits+` AND source_host = $2 AND id <> $3 LIMIT $4`),
			maxAge.Milliseconds(), j.Host, j.ImageID, limit)
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
		failed, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, m *movedImage) error { return row.Scan(&m.image, &m.product) },
			s.db.SQL(setFailed("$2", "$3")+` WHERE`+waits+` AND id IN (`+marks+`) RETURNING id, product_id`), append([]any{maxAge.Milliseconds(), string(f.Reason), f.Detail}, args...)...)
		if err != nil {
			return err
		}
		if len(failed) == 0 {
			return errSuperseded()
		}
		products := make([]int64, len(failed))
		for i, m := range failed {
			products[i] = m.product
		}
		slices.Sort(products)
		if changed, err = progress(ctx, s.db, tx, slices.Compact(products)); err != nil {
			return err
		}
		return appendEach(ctx, s.db, tx, changed, failed, events.ImageFailed, events.Data{Reason: string(f.Reason)})
	})
	return changed, err
}
