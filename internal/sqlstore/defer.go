package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
)

// waitingFor is the condition under which an image waits for the job.
const waitingFor = ` WHERE id = $1 AND product_id = $2 AND generation = $3 AND status = 'pending' AND retry_at <= {now}`

// Defer implements media.Store. It holds the image, so that two messages of
// the same job do not become two messages more.
func (s *Store) Defer(ctx context.Context, j media.Job, delay, maxAge time.Duration) (expired bool, err error) {
	err = s.quietChange(ctx, "defer job", func(ctx context.Context, tx *sql.Tx) error {
		expired = false
		var accepted, now int64
		err := tx.QueryRowContext(ctx, s.sql(`SELECT accepted_at, {now} FROM images`+waitingFor+`{for update}`),
			j.ImageID, j.ProductID, j.Generation).Scan(&accepted, &now)
		if errors.Is(err, sql.ErrNoRows) {
			return errSuperseded()
		}
		if err != nil {
			return err
		}
		wait := delay
		if maxAge > 0 && accepted > 0 {
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
		_, err = tx.ExecContext(ctx, s.sql(`UPDATE images SET queued_at = {now} + $2 WHERE id = $1`), j.ImageID, wait.Milliseconds())
		if err != nil {
			return err
		}
		return s.queueJobs(ctx, tx, []outboxJob{{job: j, delay: wait}})
	})
	return expired, err
}

// Expire implements media.Store.
func (s *Store) Expire(ctx context.Context, j media.Job, f *fault.Failure) (catalog.Changed, error) {
	return s.transition(ctx, "expire image", j.ProductID,
		func(ctx context.Context, tx *sql.Tx, _ catalog.Changed) (bool, error) {
			return affected(tx.ExecContext(ctx, s.sql(
				`UPDATE images SET status = 'failed', reason = $4, reason_detail = $5`+waitingFor),
				j.ImageID, j.ProductID, j.Generation, string(f.Reason), f.Detail))
		})
}
