package jobsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
)

const jobColumns = ` id, action, filter, rate, total, done, state, request_id, as_of, created_at, finished_at`

// scanJob reads a row of jobColumns, followed by more.
func scanJob(row interface{ Scan(into ...any) error }, more ...any) (j job.Job, err error) {
	var input string
	var asOf, created, finished int64
	err = row.Scan(append([]any{
		&j.ID, &j.Kind, &input, &j.Rate, &j.Total, &j.Done, &j.State, &j.RequestID, &asOf, &created, &finished,
	}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return j, sqldb.NotFound("job")
	}
	if err != nil {
		return j, err
	}
	j.Input = json.RawMessage(input)
	j.AsOf, j.CreatedAt = sqldb.Time(asOf), sqldb.Time(created)
	if finished > 0 {
		j.FinishedAt = sqldb.Time(finished)
	}
	return j, nil
}

// Lock reads the running job of the batch under a lock, with the position that it
// has got to; of two processes that both take it for theirs, one waits and finds
// that it is not. fault.Conflict where the batch's holder does not lease it.
func Lock(ctx context.Context, db *sqldb.DB, tx *sql.Tx, b job.Batch) (j job.Job, pastAt int64, pastID string, err error) {
	var holder string
	j, err = scanJob(tx.QueryRowContext(ctx, db.SQL(
		`SELECT`+jobColumns+`, holder, past_at, past_id FROM dead_jobs WHERE id = $1{for update}`), b.JobID),
		&holder, &pastAt, &pastID)
	if fault.KindOf(err) == fault.NotFound || err == nil && (j.State != job.Running || holder != b.Holder) {
		err = fault.New(fault.Conflict, "the job has ended, or another process has taken it over")
	}
	return j, pastAt, pastID, err
}

// Advance writes that a locked job has done so many items more, and to which
// position.
func Advance(ctx context.Context, db *sqldb.DB, tx *sql.Tx, b job.Batch, done, pastAt int64, pastID string) (job.Job, error) {
	return scanJob(tx.QueryRowContext(ctx, db.SQL(`
		UPDATE dead_jobs SET done = done + $2, past_at = $3, past_id = $4, lease_until = {now} + $5
		WHERE id = $1 RETURNING`+jobColumns), b.JobID, done, pastAt, pastID, b.Lease.Milliseconds()))
}

// Finish writes that a locked job is done.
func Finish(ctx context.Context, db *sqldb.DB, tx *sql.Tx, id int64) (job.Job, error) {
	return scanJob(tx.QueryRowContext(ctx, db.SQL(
		`UPDATE dead_jobs SET state = 'done', finished_at = {now}, lease_until = 0 WHERE id = $1 RETURNING`+jobColumns), id))
}
