package gcsql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vitrine.dev/internal/gc"
	"vitrine.dev/internal/sqldb"
)

// RecordRun implements gc.Runs.
func (s *Collection) RecordRun(ctx context.Context, r gc.Run) error {
	report, err := json.Marshal(r.Report)
	if err != nil {
		return fmt.Errorf("report of %s: %w", r.Task, err)
	}
	_, err = s.db.Exec(ctx, "record run", `
		INSERT INTO runs (task, place, failed, ran_by, repair, failure, took, ended_at, report) VALUES ($1, $2, $3, $4, $5, $6, $7, {now}, $8)
		ON CONFLICT (task, place, failed) DO UPDATE SET ran_by = excluded.ran_by, repair = excluded.repair, failure = excluded.failure,
			took = excluded.took, ended_at = excluded.ended_at, report = excluded.report`,
		string(r.Task), r.Place, sqldb.OneOrZero(!r.Finished()), r.By, sqldb.OneOrZero(r.Repair), r.Failure, r.Took.Milliseconds(), string(report))
	return err
}

// LastRuns implements gc.Runs.
func (s *Collection) LastRuns(ctx context.Context) ([]gc.Run, error) {
	return sqldb.Select(ctx, s.db, "read last runs", scanRun, `
		SELECT task, r.place, ran_by, repair, failure, took, ended_at, coalesce(c.due_at, 0), report
		FROM runs r LEFT JOIN chores c ON c.name = r.task ORDER BY ended_at DESC, failed DESC, task, r.place LIMIT $1`, mostRuns)
}

// LastFinished implements gc.Runs.
func (s *Collection) LastFinished(ctx context.Context, task gc.Task) (*gc.Run, error) {
	runs, err := sqldb.Select(ctx, s.db, "read last run", scanRun, `
		SELECT task, r.place, ran_by, repair, failure, took, ended_at, coalesce(c.due_at, 0), report
		FROM runs r LEFT JOIN chores c ON c.name = r.task WHERE task = $1 AND failed = 0 ORDER BY ended_at DESC, r.place LIMIT 1`, string(task))
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return &runs[0], nil
}

// mostRuns are the rows that there can be: of each task and place one that failed, and one that did not.
const mostRuns = 2 * (gc.Turns + 1)

func scanRun(row sqldb.Row, r *gc.Run) error {
	var repair bool
	var took, ended, due int64
	var report string
	if err := row.Scan(&r.Task, &r.Place, &r.By, &repair, &r.Failure, &took, &ended, &due, &report); err != nil {
		return err
	}
	r.Repair, r.Took, r.EndedAt = repair, time.Duration(took)*time.Millisecond, sqldb.Time(ended)
	if due > 0 {
		r.DueAt = sqldb.Time(due)
	}
	if err := json.Unmarshal([]byte(report), &r.Report); err != nil {
		return fmt.Errorf("report of %s: %w", r.Task, err)
	}
	return nil
}
