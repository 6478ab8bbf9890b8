package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
)

const jobColumns = ` id, action, filter, rate, total, done, state, request_id, as_of, created_at, finished_at`

// scanJob reads a row of jobColumns, followed by more.
func scanJob(scan func(...any) error, more ...any) (j job.Job, err error) {
	var input string
	var asOf, created, finished int64
	err = scan(append([]any{
		&j.ID, &j.Kind, &input, &j.Rate, &j.Total, &j.Done, &j.State, &j.RequestID, &asOf, &created, &finished,
	}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return j, notFound("job")
	}
	if err != nil {
		return j, err
	}
	j.Input = json.RawMessage(input)
	j.AsOf, j.CreatedAt = moment(asOf), moment(created)
	if finished > 0 {
		j.FinishedAt = moment(finished)
	}
	return j, nil
}

// CreateJob implements job.Store.
func (s *Store) CreateJob(ctx context.Context, j job.Job) (created job.Job, err error) {
	err = s.patiently(ctx, "create job", func(ctx context.Context) error {
		created, err = scanJob(s.write.QueryRowContext(ctx, s.sql(`
			INSERT INTO dead_jobs (action, filter, rate, total, request_id, as_of, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, {now}) RETURNING`+jobColumns),
			j.Kind, string(j.Input), j.Rate, j.Total, j.RequestID, j.AsOf.UnixMilli()).Scan)
		return err
	})
	return created, err
}

// Job implements job.Store.
func (s *Store) Job(ctx context.Context, id int64) (j job.Job, err error) {
	err = s.patiently(ctx, "read job", func(ctx context.Context) error {
		j, err = scanJob(s.read.QueryRowContext(ctx, `SELECT`+jobColumns+` FROM dead_jobs WHERE id = $1`, id).Scan)
		return err
	})
	return j, err
}

// Jobs implements job.Store.
func (s *Store) Jobs(ctx context.Context, limit int) (jobs []job.Job, err error) {
	err = s.patiently(ctx, "list jobs", func(ctx context.Context) error {
		rows, err := s.read.QueryContext(ctx, `SELECT`+jobColumns+` FROM dead_jobs ORDER BY id DESC LIMIT $1`, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		jobs = []job.Job{}
		for rows.Next() {
			j, err := scanJob(rows.Scan)
			if err != nil {
				return err
			}
			jobs = append(jobs, j)
		}
		return rows.Err()
	})
	return jobs, err
}

// AbortJob implements job.Store.
func (s *Store) AbortJob(ctx context.Context, id int64) (j job.Job, err error) {
	err = s.quietChange(ctx, "abort job", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.sql(
			`UPDATE dead_jobs SET state = 'aborted', finished_at = {now} WHERE id = $1 AND state = 'running'`), id)
		if err != nil {
			return err
		}
		j, err = scanJob(tx.QueryRowContext(ctx, `SELECT`+jobColumns+` FROM dead_jobs WHERE id = $1`, id).Scan)
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
	if s.dialect.oneWriter { // a write would keep all others out, and most looks find nothing
		var found bool
		err := s.patiently(ctx, "look for jobs", func(ctx context.Context) error {
			return s.read.QueryRowContext(ctx, s.sql(`SELECT EXISTS (SELECT 1 FROM dead_jobs WHERE `+free+`)`)).Scan(&found)
		})
		if err != nil || !found {
			return j, errors.Join(err, notFound("job"))
		}
	}
	err = s.patiently(ctx, "lease job", func(ctx context.Context) error {
		j, err = scanJob(s.write.QueryRowContext(ctx, s.sql(`
			UPDATE dead_jobs SET holder = $1, lease_until = {now} + $2
			WHERE id = (SELECT id FROM dead_jobs WHERE `+free+` ORDER BY id LIMIT 1{skip locked})
			RETURNING`+jobColumns), holder, lease.Milliseconds()).Scan)
		return err
	})
	return j, err
}

// ReleaseJob implements job.Store.
func (s *Store) ReleaseJob(ctx context.Context, id int64, holder string) error {
	return s.patiently(ctx, "release job", func(ctx context.Context) error {
		_, err := s.write.ExecContext(ctx, `UPDATE dead_jobs SET lease_until = 0 WHERE id = $1 AND holder = $2`, id, holder)
		return err
	})
}

// PurgeJobs implements job.Store.
func (s *Store) PurgeJobs(ctx context.Context, retention time.Duration) error {
	return s.patiently(ctx, "purge jobs", func(ctx context.Context) error {
		_, err := s.write.ExecContext(ctx, s.sql(
			`DELETE FROM dead_jobs WHERE state <> 'running' AND finished_at < {now} - $1`), retention.Milliseconds())
		return err
	})
}
