package jobsql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/tracing"
)

// Table implements job.Store.
type Table struct{ db *sqldb.DB }

// New returns the jobs of the database.
func New(db *sqldb.DB) *Table { return &Table{db} }

// CreateJob implements job.Store.
func (s *Table) CreateJob(ctx context.Context, j job.Job) (created job.Job, err error) {
	err = s.db.WithRetry(ctx, "create job", func(ctx context.Context) error {
		created, err = Create(ctx, s.db, s.db.Writer, j)
		return err
	})
	return created, err
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Create is CreateJob, in a transaction where to is one.
func Create(ctx context.Context, db *sqldb.DB, to querier, j job.Job) (job.Job, error) {
	return Scan(to.QueryRowContext(ctx, db.SQL(`
		INSERT INTO dead_jobs (action, filter, rate, total, request_id, traceparent, as_of, created_at, lease_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, {now}, {now}) RETURNING`+Columns),
		j.Kind, string(j.Input), j.Rate, j.Total, j.RequestID, tracing.Traceparent(ctx), j.AsOf.UnixMilli()))
}

// Erasure returns the job that erases a user, by its input. fault.NotFound.
func Erasure(ctx context.Context, from querier, input json.RawMessage) (job.Job, error) {
	return Scan(from.QueryRowContext(ctx, `
		SELECT`+Columns+` FROM dead_jobs WHERE action = 'erase-user' AND filter = $1 ORDER BY id DESC LIMIT 1`, string(input)))
}

// Job implements job.Store.
func (s *Table) Job(ctx context.Context, id int64) (j job.Job, err error) {
	err = s.db.WithRetry(ctx, "read job", func(ctx context.Context) error {
		j, err = Scan(s.db.Reader.QueryRowContext(ctx, `SELECT`+Columns+` FROM dead_jobs WHERE id = $1`, id))
		return err
	})
	return j, err
}

// Jobs implements job.Store.
func (s *Table) Jobs(ctx context.Context, kinds []string, before int64, limit int) (jobs []job.Job, err error) {
	var where sqldb.Where
	marks := make([]string, len(kinds))
	for i, kind := range kinds {
		marks[i] = where.Arg(kind)
	}
	where.Add("action IN (" + strings.Join(marks, ", ") + ")")
	if before != 0 {
		where.Add("id < ?", before)
	}
	return sqldb.Select(ctx, s.db, "list jobs", func(row sqldb.Row, j *job.Job) (err error) {
		*j, err = Scan(row)
		return err
	}, `SELECT`+Columns+` FROM dead_jobs`+where.String()+` ORDER BY id DESC LIMIT `+where.Arg(limit), where.Args...)
}

// AbortJob implements job.Store.
func (s *Table) AbortJob(ctx context.Context, id int64) (j job.Job, err error) {
	err = s.db.InTx(ctx, "abort job", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.db.SQL(
			`UPDATE dead_jobs SET state = 'aborted', finished_at = {now} WHERE id = $1 AND state IN ('running', 'paused')`), id)
		if err != nil {
			return err
		}
		j, err = Scan(tx.QueryRowContext(ctx, `SELECT`+Columns+` FROM dead_jobs WHERE id = $1`, id))
		if err == nil && j.State == job.Done {
			return fault.New(fault.Conflict, "the job is done already")
		}
		return err
	})
	return j, err
}

// LeaseJob implements job.Store.
func (s *Table) LeaseJob(ctx context.Context, holder string, lease time.Duration) (j job.Job, err error) {
	const free = `state = 'running' AND lease_until <= {now}`
	if s.db.OneWriter { // a write would keep all others out, and most looks find nothing
		var found bool
		err := s.db.WithRetry(ctx, "look for jobs", func(ctx context.Context) error {
			return s.db.Reader.QueryRowContext(ctx, s.db.SQL(`SELECT EXISTS (SELECT 1 FROM dead_jobs WHERE `+free+`)`)).Scan(&found)
		})
		if err != nil || !found {
			return j, errors.Join(err, sqldb.NotFound("job"))
		}
	}
	err = s.db.WithRetry(ctx, "lease job", func(ctx context.Context) error {
		j, err = Scan(s.db.Writer.QueryRowContext(ctx, s.db.SQL(`
			UPDATE dead_jobs SET holder = $1, lease_until = {now} + $2
			WHERE id = (SELECT id FROM dead_jobs WHERE `+free+` ORDER BY lease_until, id LIMIT 1{skip locked})
			RETURNING`+Columns), holder, lease.Milliseconds()))
		return err
	})
	return j, err
}

// ReleaseJob implements job.Store.
func (s *Table) ReleaseJob(ctx context.Context, id int64, holder string) error {
	_, err := s.db.Exec(ctx, "release job", `UPDATE dead_jobs SET lease_until = {now} WHERE id = $1 AND holder = $2`, id, holder)
	return err
}

// PurgeJobs implements job.Store.
func (s *Table) PurgeJobs(ctx context.Context, retention time.Duration) error {
	_, err := s.db.Exec(ctx, "purge jobs",
		`DELETE FROM dead_jobs WHERE state IN ('done', 'aborted') AND finished_at < {now} - $1`, retention.Milliseconds())
	return err
}

// Columns are those of a job, for Scan.
const Columns = ` id, action, filter, rate, total, done, state, request_id, traceparent, as_of, created_at, finished_at`

// Scan reads a row of Columns, followed by more.
func Scan(row interface{ Scan(into ...any) error }, more ...any) (j job.Job, err error) {
	var input string
	var asOf, created, finished int64
	err = row.Scan(append([]any{
		&j.ID, &j.Kind, &input, &j.Rate, &j.Total, &j.Done, &j.State, &j.RequestID, &j.Traceparent, &asOf, &created, &finished,
	}, more...)...)
	if err != nil {
		return j, sqldb.NoRow(err, sqldb.NotFound("job"))
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
	j, err = Scan(tx.QueryRowContext(ctx, db.SQL(
		`SELECT`+Columns+`, holder, past_at, past_id FROM dead_jobs WHERE id = $1{for update}`), b.JobID),
		&holder, &pastAt, &pastID)
	if fault.KindOf(err) == fault.NotFound || err == nil && (j.State != job.Running || holder != b.Holder) {
		err = fault.New(fault.Conflict, "the job has ended, or another process has taken it over")
	}
	return j, pastAt, pastID, err
}

// Advance writes that a locked job has done so many items more, and to which
// position.
func Advance(ctx context.Context, db *sqldb.DB, tx *sql.Tx, b job.Batch, done, pastAt int64, pastID string) (job.Job, error) {
	return Scan(tx.QueryRowContext(ctx, db.SQL(`
		UPDATE dead_jobs SET done = done + $2, past_at = $3, past_id = $4, lease_until = {now} + $5
		WHERE id = $1 RETURNING`+Columns), b.JobID, done, pastAt, pastID, b.Lease.Milliseconds()))
}

// Finish writes that a locked job is done.
func Finish(ctx context.Context, db *sqldb.DB, tx *sql.Tx, id int64) (job.Job, error) {
	return Scan(tx.QueryRowContext(ctx, db.SQL(
		`UPDATE dead_jobs SET state = 'done', finished_at = {now}, lease_until = 0 WHERE id = $1 RETURNING`+Columns), id))
}

// Abort writes that a locked job has ended early.
func Abort(ctx context.Context, db *sqldb.DB, tx *sql.Tx, id int64) (job.Job, error) {
	return Scan(tx.QueryRowContext(ctx, db.SQL(
		`UPDATE dead_jobs SET state = 'aborted', finished_at = {now}, lease_until = 0 WHERE id = $1 RETURNING`+Columns), id))
}

// Move writes that a job is in the one state where it was in the other, and returns it as it is
// then, in whichever state. No one leases it. fault.NotFound.
func Move(ctx context.Context, db *sqldb.DB, tx *sql.Tx, id int64, from, to job.State) (job.Job, error) {
	_, err := tx.ExecContext(ctx, db.SQL(`UPDATE dead_jobs SET state = $3, lease_until = {now} WHERE id = $1 AND state = $2`), id, string(from), string(to))
	if err != nil {
		return job.Job{}, err
	}
	return Scan(tx.QueryRowContext(ctx, `SELECT`+Columns+` FROM dead_jobs WHERE id = $1`, id))
}
