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
	"vitrine.dev/internal/sqlstore/attemptsql"
)

// Begin implements media.Store.
func (s *Images) Begin(ctx context.Context, j media.Job, lease time.Duration) (c media.Claim, err error) {
	err = s.db.WriteWithRetry(ctx, "begin image", func(ctx context.Context) error {
		c, err = s.begin(ctx, s.db.Writer, j, lease)
		return sqldb.NoRow(err, errSuperseded())
	})
	return c, err
}

// begin counts the attempt. sql.ErrNoRows where the image is not out for the job.
func (s *Images) begin(ctx context.Context, from rowQuerier, j media.Job, lease time.Duration) (media.Claim, error) {
	c := media.Claim{Job: j}
	var begun, age, waited int64
	err := from.QueryRowContext(ctx, s.db.SQL(begin+`
		RETURNING user_id, job_kind, status = 'ready', source_url, coalesce(rendition_key, ''), source_etag, source_modified, attempts, lost_attempts, {now}, {now} - accepted_at, {now} - due_at`),
		j.ImageID, j.ProductID, j.Generation, j.Token, lease.Milliseconds()).
		Scan(&c.UserID, &c.Kind, &c.Shown, &c.SourceURL, &c.Rendition, &c.Source.ETag, &c.Source.Modified, &c.Attempt, &c.Lost, &begun, &age, &waited)
	c.BegunAt, c.Age = sqldb.Time(begun), time.Duration(age)*time.Millisecond
	c.Waited = max(time.Duration(waited)*time.Millisecond, 0) // the clock may have been set back
	return c, err
}

// rowQuerier is a database or a transaction of it.
type rowQuerier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Renew implements media.Store.
func (s *Images) Renew(ctx context.Context, c media.Claim, lease time.Duration) error {
	return s.db.WriteWithRetry(ctx, "renew lease", func(ctx context.Context) error {
		renewed, err := sqldb.Affected(s.db.Writer.ExecContext(ctx, s.db.SQL(renew), c.ImageID, c.Generation, c.Attempt, lease.Milliseconds()))
		if err == nil && !renewed {
			return errSuperseded()
		}
		return err
	})
}

// Unchanged implements media.Store.
func (s *Images) Unchanged(ctx context.Context, c media.Claim) error {
	return s.db.WriteWithRetry(ctx, "end unchanged", func(ctx context.Context) error {
		ended, err := sqldb.Affected(s.db.Writer.ExecContext(ctx, s.db.SQL(unchanged), c.ImageID, c.Generation, c.Attempt))
		if err == nil && !ended {
			return errSuperseded()
		}
		return err
	})
}

// Retry implements media.Store.
func (s *Images) Retry(ctx context.Context, c media.Claim, f *fault.Failure, delay time.Duration) (catalog.Changed, error) {
	return s.transition(ctx, "retry image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			return s.retry(ctx, tx, e, c, f, delay, held)
		})
}

// retry makes the image of the claim due after delay, on a condition of a claim.
func (s *Images) retry(
	ctx context.Context, tx *sql.Tx, e *events.Event, c media.Claim, f *fault.Failure, delay time.Duration, condition string,
) (bool, error) {
	if !c.Shown {
		happened(e, events.ImageRetrying, c.ImageID,
			events.Data{Reason: string(f.Reason), Attempt: c.Attempt, DelayMS: delay.Milliseconds()})
	}
	retried, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(retry()+condition),
		c.ImageID, c.Generation, c.Attempt, string(f.Reason), f.Detail, delay.Milliseconds(), c.Lost))
	if err == nil && retried {
		err = attemptsql.Write(ctx, s.db, tx, e.UserID, c, media.OutcomeRetried, f)
	}
	return retried, err
}

// Fail implements media.Store.
func (s *Images) Fail(ctx context.Context, c media.Claim, f *fault.Failure) (catalog.Changed, error) {
	return s.transition(ctx, "fail image", c.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (bool, error) {
			return s.fail(ctx, tx, e, c, f, held)
		})
}

// fail ends the work on the image of the claim, on a condition of a claim.
func (s *Images) fail(ctx context.Context, tx *sql.Tx, e *events.Event, c media.Claim, f *fault.Failure, condition string) (bool, error) {
	if !c.Shown {
		happened(e, events.ImageFailed, c.ImageID, events.Data{Reason: string(f.Reason), Attempt: c.Attempt})
	}
	failed, err := sqldb.Affected(tx.ExecContext(ctx, s.db.SQL(fail("$4", "$5")+`, lost_attempts = $6`+condition),
		c.ImageID, c.Generation, c.Attempt, string(f.Reason), f.Detail, c.Lost))
	if err == nil && failed {
		err = attemptsql.Write(ctx, s.db, tx, e.UserID, c, media.OutcomeFailed, f)
	}
	return failed, err
}

// CountLostDelivery implements media.Store: the attempt is begun and lost at once.
func (s *Images) CountLostDelivery(
	ctx context.Context, j media.Job, f *fault.Failure, decide media.Decide,
) (lost media.LostAttempt, err error) {
	lost.Changed, err = s.transition(ctx, "count lost delivery", j.ProductID,
		func(ctx context.Context, tx *sql.Tx, e *events.Event) (moved bool, err error) {
			c, err := s.begin(ctx, tx, j, 0)
			if err != nil {
				return false, sqldb.NoRow(err, nil)
			}
			lost.Outcome, moved, err = s.endLost(ctx, tx, e, c, f, decide, held)
			return moved, err
		})
	return lost, err
}

// endLost moves an image whose attempt was lost to where decide says.
func (s *Images) endLost(
	ctx context.Context, tx *sql.Tx, e *events.Event, c media.Claim, f *fault.Failure, decide media.Decide, condition string,
) (o media.Outcome, moved bool, err error) {
	c.Lost++
	delay, again := decide(media.Spent{Attempts: c.Attempt, Lost: c.Lost})
	if again {
		moved, err = s.retry(ctx, tx, e, c, f, delay, condition)
		return media.OutcomeRetried, moved, err
	}
	moved, err = s.fail(ctx, tx, e, c, f, condition)
	return media.OutcomeFailed, moved, err
}
