package imagesql

import (
	"context"
	"database/sql"
	"time"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/outboxsql"
)

// Begin implements media.Store.
func (s *Images) Begin(ctx context.Context, j media.Job, lease time.Duration) (c media.Claim, ch catalog.Changed, err error) {
	ch, err = s.transition(ctx, "begin image", j.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			c = media.Claim{Job: j, UserID: e.UserID}
			var begun, age int64
			err := tx.QueryRowContext(ctx, s.db.SQL(`
				UPDATE images SET status = 'processing', attempts = attempts + 1, lease_until = {now} + $4
				WHERE id = $1 AND product_id = $2 AND generation = $3 AND status = 'pending' AND retry_at <= {now}
				RETURNING source_url, attempts, lost_attempts, {now}, {now} - accepted_at`),
				j.ImageID, j.ProductID, j.Generation, lease.Milliseconds()).Scan(&c.SourceURL, &c.Attempt, &c.Lost, &begun, &age)
			c.BegunAt, c.Age = sqldb.Time(begun), time.Duration(age)*time.Millisecond
			return err == nil, sqldb.NoRow(err, nil)
		})
	return c, ch, err
}

// Renew implements media.Store.
func (s *Images) Renew(ctx context.Context, c media.Claim, lease time.Duration) error {
	return s.db.WriteWithRetry(ctx, "renew lease", func(ctx context.Context) error {
		renewed, err := sqldb.Affected(s.db.Writer.ExecContext(ctx, s.db.SQL(`UPDATE images SET lease_until = {now} + $4`+held),
			c.ImageID, c.Generation, c.Attempt, lease.Milliseconds()))
		if err == nil && !renewed {
			return errSuperseded()
		}
		return err
	})
}

// Retry implements media.Store.
func (s *Images) Retry(ctx context.Context, c media.Claim, f *fault.Failure, delay time.Duration) (catalog.Changed, error) {
	return s.transition(ctx, "retry image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			return s.retryLater(ctx, tx, e, c, f, delay, held)
		})
}

// retryLater returns an image to pending, due after delay together with its job.
// condition selects it by claim: image, generation, attempts.
func (s *Images) retryLater(
	ctx context.Context, tx *sql.Tx, e *events.Event, c media.Claim, f *fault.Failure, delay time.Duration, condition string,
) (bool, error) {
	happened(e, events.ImageRetrying, c.ImageID,
		events.Data{Reason: string(f.Reason), Attempt: c.Attempt, DelayMS: delay.Milliseconds()})
	moved, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(`
		UPDATE images SET status = 'pending', lease_until = 0, reason = $4, reason_detail = $5,
		       lost_attempts = $7, retry_at = {now} + $6, queued_at = {now} + $6`+condition),
		c.ImageID, c.Generation, c.Attempt, string(f.Reason), f.Detail, delay.Milliseconds(), c.Lost))
	if err != nil || !moved {
		return false, err
	}
	return true, outboxsql.Enqueue(ctx, s.db, tx, []outboxsql.Job{{Job: c.Job, Delay: delay}})
}

// Fail implements media.Store.
func (s *Images) Fail(ctx context.Context, c media.Claim, f *fault.Failure) (catalog.Changed, error) {
	return s.transition(ctx, "fail image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			return s.fail(ctx, tx, e, c, f, held)
		})
}

// fail makes an image failed.
func (s *Images) fail(
	ctx context.Context, tx *sql.Tx, e *events.Event, c media.Claim, f *fault.Failure, condition string,
) (bool, error) {
	happened(e, events.ImageFailed, c.ImageID, events.Data{Reason: string(f.Reason), Attempt: c.Attempt})
	return sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(setFailed("$4", "$5")+`, lost_attempts = $6`+condition),
		c.ImageID, c.Generation, c.Attempt, string(f.Reason), f.Detail, c.Lost))
}

// CountLostDelivery implements media.Store.
func (s *Images) CountLostDelivery(
	ctx context.Context, j media.Job, f *fault.Failure, decide media.Decide,
) (catalog.Changed, error) {
	return s.transition(ctx, "count lost delivery", j.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			c := media.Claim{Job: j}
			// An image that waits for its retry has a later message than this one,
			// which has come twice.
			err := tx.QueryRowContext(ctx, s.db.SQL(`
				UPDATE images SET attempts = attempts + 1, lost_attempts = lost_attempts + 1
				WHERE id = $1 AND product_id = $2 AND generation = $3 AND status = 'pending' AND retry_at <= {now}
				RETURNING attempts, lost_attempts`),
				j.ImageID, j.ProductID, j.Generation).Scan(&c.Attempt, &c.Lost)
			if err != nil {
				return false, sqldb.NoRow(err, nil)
			}
			const waiting = ` WHERE id = $1 AND generation = $2 AND attempts = $3`
			return s.endLost(ctx, tx, e, c, f, decide, waiting)
		})
}

// endLost moves an image whose attempt was lost to where decide says.
func (s *Images) endLost(
	ctx context.Context, tx *sql.Tx, e *events.Event, c media.Claim, f *fault.Failure, decide media.Decide, condition string,
) (bool, error) {
	delay, again := decide(media.Spent{Attempts: c.Attempt, Lost: c.Lost})
	if !again {
		return s.fail(ctx, tx, e, c, f, condition)
	}
	return s.retryLater(ctx, tx, e, c, f, delay, condition)
}
