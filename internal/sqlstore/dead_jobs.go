package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
)

const jobColumns = ` id, action, filter, rate, total, done, state, request_id, as_of, created_at, finished_at`

// scanJob reads a row of jobColumns, followed by more.
func scanJob(row sqldb.Row, more ...any) (j job.Job, err error) {
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

// CreateJob implements job.Store.
func (s *Store) CreateJob(ctx context.Context, j job.Job) (created job.Job, err error) {
	err = s.WithRetry(ctx, "create job", func(ctx context.Context) error {
		created, err = scanJob(s.Writer.QueryRowContext(ctx, s.SQL(`
			INSERT INTO dead_jobs (action, filter, rate, total, request_id, as_of, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, {now}) RETURNING`+jobColumns),
			j.Kind, string(j.Input), j.Rate, j.Total, j.RequestID, j.AsOf.UnixMilli()))
		return err
	})
	return created, err
}

// Job implements job.Store.
func (s *Store) Job(ctx context.Context, id int64) (j job.Job, err error) {
	err = s.WithRetry(ctx, "read job", func(ctx context.Context) error {
		j, err = scanJob(s.Reader.QueryRowContext(ctx, `SELECT`+jobColumns+` FROM dead_jobs WHERE id = $1`, id))
		return err
	})
	return j, err
}

// Jobs implements job.Store.
func (s *Store) Jobs(ctx context.Context, limit int) (jobs []job.Job, err error) {
	err = s.WithRetry(ctx, "list jobs", func(ctx context.Context) error {
		jobs, err = sqldb.Collect(ctx, s.Reader, func(row sqldb.Row, j *job.Job) (err error) {
			*j, err = scanJob(row)
			return err
		}, `SELECT`+jobColumns+` FROM dead_jobs ORDER BY id DESC LIMIT $1`, limit)
		return err
	})
	return jobs, err
}

// AbortJob implements job.Store.
func (s *Store) AbortJob(ctx context.Context, id int64) (j job.Job, err error) {
	err = s.InTx(ctx, "abort job", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.SQL(
			`UPDATE dead_jobs SET state = 'aborted', finished_at = {now} WHERE id = $1 AND state = 'running'`), id)
		if err != nil {
			return err
		}
		j, err = scanJob(tx.QueryRowContext(ctx, `SELECT`+jobColumns+` FROM dead_jobs WHERE id = $1`, id))
		if err == nil && j.State == job.Done {
			return fault.New(fault.Conflict, "the job is done already")
		}
		return err
	})
	return j, err
}

// LeaseJob implements job.Store.
func (s *Store) LeaseJob(ctx context.Context, holder string, lease time.Duration) (j job.Job, err error) {
	const free = `state = 'running' AND lease_until <= {now}`
	if s.OneWriter { // a write would keep all others out, and most looks find nothing
		var found bool
		err := s.WithRetry(ctx, "look for jobs", func(ctx context.Context) error {
			return s.Reader.QueryRowContext(ctx, s.SQL(`SELECT EXISTS (SELECT 1 FROM dead_jobs WHERE `+free+`)`)).Scan(&found)
		})
		if err != nil || !found {
			return j, errors.Join(err, sqldb.NotFound("job"))
		}
	}
	err = s.WithRetry(ctx, "lease job", func(ctx context.Context) error {
		j, err = scanJob(s.Writer.QueryRowContext(ctx, s.SQL(`
			UPDATE dead_jobs SET holder = $1, lease_until = {now} + $2
			WHERE id = (SELECT id FROM dead_jobs WHERE `+free+` ORDER BY id LIMIT 1{skip locked})
			RETURNING`+jobColumns), holder, lease.Milliseconds()))
		return err
	})
	return j, err
}

// ReleaseJob implements job.Store.
func (s *Store) ReleaseJob(ctx context.Context, id int64, holder string) error {
	return s.WithRetry(ctx, "release job", func(ctx context.Context) error {
		_, err := s.Writer.ExecContext(ctx, `UPDATE dead_jobs SET lease_until = 0 WHERE id = $1 AND holder = $2`, id, holder)
		return err
	})
}

// PurgeJobs implements job.Store.
func (s *Store) PurgeJobs(ctx context.Context, retention time.Duration) error {
	return s.WithRetry(ctx, "purge jobs", func(ctx context.Context) error {
		_, err := s.Writer.ExecContext(ctx, s.SQL(
			`DELETE FROM dead_jobs WHERE state <> 'running' AND finished_at < {now} - $1`), retention.Milliseconds())
		return err
	})
}
