package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failpoint"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// held is the condition under which a claim still is one: its fencing token.
const held = ` WHERE id = $1 AND generation = $2 AND attempts = $3 AND status = 'processing'`

// errSuperseded ends a transition that the image is not in the state for.
func errSuperseded() error {
	return fault.New(fault.Conflict, "the image is not waiting for this")
}

// transition is every change of an image's state: it bumps the product's
// version first, which also locks the product before the image, then moves the
// image, and leaves word for the cache. Where move returns false, nothing was
// written.
func (s *Store) transition(
	ctx context.Context, operation string, productID int64, move func(context.Context, *sql.Tx, catalog.Changed) (bool, error),
) (changed catalog.Changed, err error) {
	err = s.InTxNotify(ctx, operation, func(ctx context.Context, tx *sql.Tx) error {
		changed = catalog.Changed{ProductID: productID}
		err := tx.QueryRowContext(ctx, s.SQL(
			`UPDATE products SET version = version + 1, updated_at = {now} WHERE id = $1 RETURNING user_id, version`), productID).
			Scan(&changed.UserID, &changed.Version)
		if errors.Is(err, sql.ErrNoRows) {
			return errSuperseded()
		}
		if err != nil {
			return err
		}
		moved, err := move(ctx, tx, changed)
		if err != nil {
			return err
		}
		if !moved {
			return errSuperseded()
		}
		err = s.recordChange(ctx, tx, changed)
		failpoint.Crash(failpoint.Point(operation))
		return err
	})
	return changed, err
}

// Begin implements media.Store.
func (s *Store) Begin(ctx context.Context, j media.Job, lease time.Duration) (c media.Claim, ch catalog.Changed, err error) {
	ch, err = s.transition(ctx, "begin image", j.ProductID,
		func(ctx context.Context, tx *sql.Tx, changed catalog.Changed) (bool, error) {
			c = media.Claim{Job: j, UserID: changed.UserID}
			var begun, age int64
			err := tx.QueryRowContext(ctx, s.SQL(`
				UPDATE images SET status = 'processing', attempts = attempts + 1, lease_until = {now} + $4
				WHERE id = $1 AND product_id = $2 AND generation = $3 AND status = 'pending' AND retry_at <= {now}
				RETURNING source_url, attempts, lost_attempts, {now}, {now} - accepted_at`),
				j.ImageID, j.ProductID, j.Generation, lease.Milliseconds()).Scan(&c.SourceURL, &c.Attempt, &c.Lost, &begun, &age)
			c.BegunAt, c.Age = sqldb.Time(begun), time.Duration(age)*time.Millisecond
			if errors.Is(err, sql.ErrNoRows) {
				return false, nil
			}
			return true, err
		})
	return c, ch, err
}

// Renew implements media.Store.
func (s *Store) Renew(ctx context.Context, c media.Claim, lease time.Duration) error {
	return s.WriteWithRetry(ctx, "renew lease", func(ctx context.Context) error {
		renewed, err := sqldb.Affected(s.Writer.ExecContext(ctx, s.SQL(`UPDATE images SET lease_until = {now} + $4`+held),
			c.ImageID, c.Generation, c.Attempt, lease.Milliseconds()))
		if err == nil && !renewed {
			return errSuperseded()
		}
		return err
	})
}

// Retry implements media.Store.
func (s *Store) Retry(ctx context.Context, c media.Claim, f *fault.Failure, delay time.Duration) (catalog.Changed, error) {
	return s.transition(ctx, "retry image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, _ catalog.Changed) (bool, error) {
			return s.postpone(ctx, tx, c, f, delay, held)
		})
}

// postpone returns an image to pending, due after delay together with its job.
// condition selects it by claim: image, generation, attempts.
func (s *Store) postpone(
	ctx context.Context, tx *sql.Tx, c media.Claim, f *fault.Failure, delay time.Duration, condition string,
) (bool, error) {
	moved, err := sqldb.Affected(tx.ExecContext(ctx, s.SQL(`
		UPDATE images SET status = 'pending', lease_until = 0, reason = $4, reason_detail = $5,
		       lost_attempts = $7, retry_at = {now} + $6, queued_at = {now} + $6`+condition),
		c.ImageID, c.Generation, c.Attempt, string(f.Reason), f.Detail, delay.Milliseconds(), c.Lost))
	if err != nil || !moved {
		return false, err
	}
	return true, s.queueJobs(ctx, tx, []outboxJob{{job: c.Job, delay: delay}})
}

// Fail implements media.Store.
func (s *Store) Fail(ctx context.Context, c media.Claim, f *fault.Failure) (catalog.Changed, error) {
	return s.transition(ctx, "fail image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, _ catalog.Changed) (bool, error) {
			return s.fail(ctx, tx, c, f, held)
		})
}

// setFailed is the only wording of how an image becomes failed: whatever finds
// failed images filters by these columns. It takes the placeholders of the reason
// and its detail.
func setFailed(reason, detail string) string {
	return `UPDATE images SET status = 'failed', lease_until = 0, reason = ` + reason + `, reason_detail = ` + detail + `,
		failed_at = {now}, failed_user = (SELECT user_id FROM products WHERE products.id = images.product_id)`
}

// fail makes an image failed.
func (s *Store) fail(ctx context.Context, tx *sql.Tx, c media.Claim, f *fault.Failure, condition string) (bool, error) {
	return sqldb.Affected(tx.ExecContext(ctx, s.SQL(setFailed("$4", "$5")+`, lost_attempts = $6`+condition),
		c.ImageID, c.Generation, c.Attempt, string(f.Reason), f.Detail, c.Lost))
}

// CountLostDelivery implements media.Store.
func (s *Store) CountLostDelivery(
	ctx context.Context, j media.Job, f *fault.Failure, decide media.Decide,
) (catalog.Changed, error) {
	return s.transition(ctx, "count lost delivery", j.ProductID,
		func(ctx context.Context, tx *sql.Tx, _ catalog.Changed) (bool, error) {
			c := media.Claim{Job: j}
			// An image that waits for its retry has a later message than this one,
			// which has come twice.
			err := tx.QueryRowContext(ctx, s.SQL(`
				UPDATE images SET attempts = attempts + 1, lost_attempts = lost_attempts + 1
				WHERE id = $1 AND product_id = $2 AND generation = $3 AND status = 'pending' AND retry_at <= {now}
				RETURNING attempts, lost_attempts`),
				j.ImageID, j.ProductID, j.Generation).Scan(&c.Attempt, &c.Lost)
			if errors.Is(err, sql.ErrNoRows) {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			const waiting = ` WHERE id = $1 AND generation = $2 AND attempts = $3`
			return s.judge(ctx, tx, c, f, decide, waiting)
		})
}

// judge moves an image whose attempt was lost to where decide says.
func (s *Store) judge(
	ctx context.Context, tx *sql.Tx, c media.Claim, f *fault.Failure, decide media.Decide, condition string,
) (bool, error) {
	delay, again := decide(media.Spent{Attempts: c.Attempt, Lost: c.Lost})
	if !again {
		return s.fail(ctx, tx, c, f, condition)
	}
	return s.postpone(ctx, tx, c, f, delay, condition)
}
