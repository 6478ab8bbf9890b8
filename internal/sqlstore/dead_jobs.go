package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
)

const jobColumns = ` id, action, filter, rate, total, done, state, request_id, as_of, created_at, finished_at`

// scanJob reads a row of jobColumns, followed by more.
func scanJob(scan func(...any) error, more ...any) (j failures.Job, err error) {
	var filter string
	var asOf, created, finished int64
	err = scan(append([]any{
		&j.ID, &j.Action, &filter, &j.Rate, &j.Total, &j.Done, &j.State, &j.RequestID, &asOf, &created, &finished,
	}, more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return j, notFound("job")
	}
	if err != nil {
		return j, err
	}
	if err := json.Unmarshal([]byte(filter), &j.Filter); err != nil {
		return j, fmt.Errorf("filter of job %d: %w", j.ID, err)
	}
	j.AsOf, j.CreatedAt = moment(asOf), moment(created)
	if finished > 0 {
		j.FinishedAt = moment(finished)
	}
	return j, nil
}

// CreateJob implements failures.Store.
func (s *Store) CreateJob(ctx context.Context, j failures.Job) (created failures.Job, err error) {
	filter, err := json.Marshal(j.Filter)
	if err != nil {
		return j, fmt.Errorf("encode filter: %w", err)
	}
	err = s.patiently(ctx, "create dead letter job", func(ctx context.Context) error {
		created, err = scanJob(s.write.QueryRowContext(ctx, s.sql(`
			INSERT INTO dead_jobs (action, filter, rate, total, request_id, as_of, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, {now}) RETURNING`+jobColumns),
			string(j.Action), string(filter), j.Rate, j.Total, j.RequestID, j.AsOf.UnixMilli()).Scan)
		return err
	})
	return created, err
}

// Job implements failures.Store.
func (s *Store) Job(ctx context.Context, id int64) (j failures.Job, err error) {
	err = s.patiently(ctx, "read dead letter job", func(ctx context.Context) error {
		j, err = scanJob(s.read.QueryRowContext(ctx, `SELECT`+jobColumns+` FROM dead_jobs WHERE id = $1`, id).Scan)
		return err
	})
	return j, err
}

// Jobs implements failures.Store.
func (s *Store) Jobs(ctx context.Context, limit int) (jobs []failures.Job, err error) {
	err = s.patiently(ctx, "list dead letter jobs", func(ctx context.Context) error {
		rows, err := s.read.QueryContext(ctx, `SELECT`+jobColumns+` FROM dead_jobs ORDER BY id DESC LIMIT $1`, limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		jobs = []failures.Job{}
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

// AbortJob implements failures.Store.
func (s *Store) AbortJob(ctx context.Context, id int64) (j failures.Job, err error) {
	err = s.quietChange(ctx, "abort dead letter job", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, s.sql(
			`UPDATE dead_jobs SET state = 'aborted', finished_at = {now} WHERE id = $1 AND state = 'running'`), id)
		if err != nil {
			return err
		}
		j, err = scanJob(tx.QueryRowContext(ctx, `SELECT`+jobColumns+` FROM dead_jobs WHERE id = $1`, id).Scan)
		if err == nil && j.State == failures.Done {
			return fault.New(fault.Conflict, "the job is done already")
		}
		return err
	})
	return j, err
}

// LeaseJob implements failures.Store.
func (s *Store) LeaseJob(ctx context.Context, holder string, lease time.Duration) (j failures.Job, err error) {
	const free = `state = 'running' AND lease_until <= {now}`
	if s.dialect.oneWriter { // a write would keep all others out, and most looks find nothing
		var found bool
		err := s.patiently(ctx, "look for dead letter jobs", func(ctx context.Context) error {
			return s.read.QueryRowContext(ctx, s.sql(`SELECT EXISTS (SELECT 1 FROM dead_jobs WHERE `+free+`)`)).Scan(&found)
		})
		if err != nil || !found {
			return j, errors.Join(err, notFound("job"))
		}
	}
	err = s.patiently(ctx, "lease dead letter job", func(ctx context.Context) error {
		j, err = scanJob(s.write.QueryRowContext(ctx, s.sql(`
			UPDATE dead_jobs SET holder = $1, lease_until = {now} + $2
			WHERE id = (SELECT id FROM dead_jobs WHERE `+free+` ORDER BY id LIMIT 1{skip locked})
			RETURNING`+jobColumns), holder, lease.Milliseconds()).Scan)
		return err
	})
	return j, err
}

// ReleaseJob implements failures.Store.
func (s *Store) ReleaseJob(ctx context.Context, id int64, holder string) error {
	return s.patiently(ctx, "release dead letter job", func(ctx context.Context) error {
		_, err := s.write.ExecContext(ctx, `UPDATE dead_jobs SET lease_until = 0 WHERE id = $1 AND holder = $2`, id, holder)
		return err
	})
}
