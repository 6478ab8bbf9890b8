package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/fault"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
)

// AdvanceJob implements failures.Store. The job is read under a lock, so
// that of two processes that believe to hold it one waits and finds that it
// does not.
func (s *Store) AdvanceJob(
	ctx context.Context, b job.Batch,
) (j job.Job, changed []catalog.Changed, err error) {
	err = s.InTxNotify(ctx, "advance dead letter job", func(ctx context.Context, tx *sql.Tx) error {
		var holder, pastID string
		var pastAt int64
		changed = nil
		j, err = scanJob(tx.QueryRowContext(ctx, s.SQL(
			`SELECT`+jobColumns+`, holder, past_at, past_id FROM dead_jobs WHERE id = $1{for update}`), b.JobID),
			&holder, &pastAt, &pastID)
		if fault.KindOf(err) == fault.NotFound || err == nil && (j.State != job.Running || holder != b.Holder) {
			return fault.New(fault.Conflict, "the job has ended, or another process has taken it over")
		}
		if err != nil {
			return err
		}
		past := position{at: pastAt}
		past.id, _ = failures.ParseID(pastID)
		failed, err := failures.ReadJob(j)
		if err != nil {
			return err
		}
		next, err := nextItems(ctx, tx, failed, past, b.Limit)
		if err != nil {
			return err
		}
		var done int
		if changed, done, err = s.apply(ctx, tx, j, next); err != nil {
			return err
		}
		return s.writeProgress(ctx, tx, b, &j, next, int64(done))
	})
	return j, changed, err
}

// writeProgress writes how far the job has got, or that it is done.
func (s *Store) writeProgress(
	ctx context.Context, tx *sql.Tx, b job.Batch, j *job.Job, applied []position, done int64,
) (err error) {
	if len(applied) == 0 {
		*j, err = scanJob(tx.QueryRowContext(ctx, s.SQL(
			`UPDATE dead_jobs SET state = 'done', finished_at = {now}, lease_until = 0 WHERE id = $1 RETURNING`+jobColumns), b.JobID))
		return err
	}
	last := applied[len(applied)-1]
	*j, err = scanJob(tx.QueryRowContext(ctx, s.SQL(`
		UPDATE dead_jobs SET done = done + $2, past_at = $3, past_id = $4, lease_until = {now} + $5
		WHERE id = $1 RETURNING`+jobColumns), b.JobID, done, last.at, last.id.String(), b.Lease.Milliseconds()))
	return err
}

// position is a failures.Position as the tables have it.
type position struct {
	at int64
	id failures.ID
}

func (p position) domain() failures.Position {
	return failures.Position{At: sqldb.Time(p.at), ID: p.id}
}

// nextItems selects the next items of the job, oldest first.
func nextItems(ctx context.Context, tx *sql.Tx, j failures.Job, past position, limit int) ([]position, error) {
	var next []position
	for kind, table := range deadTables(failures.Action(j.Kind), j.Filter) {
		c := table.conditions
		c.Add(table.time+" <= ?", j.AsOf.UnixMilli())
		c.Add(`(`+table.time+`, id) > (?, ?)`, past.at, past.domain().Among(kind))
		some, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, p *position) error {
			p.id.Kind = kind
			return row.Scan(&p.at, &p.id.N)
		}, fmt.Sprintf(`SELECT %[1]s, id FROM %[2]s%[3]s ORDER BY %[1]s, id LIMIT %[4]d`, table.time, table.name, c, limit), c.Args...)
		if err != nil {
			return nil, err
		}
		next = append(next, some...)
	}
	slices.SortFunc(next, func(a, b position) int {
		return cmp.Or(cmp.Compare(a.at, b.at), a.domain().Compare(b.domain()))
	})
	return next[:min(limit, len(next))], nil
}

func (s *Store) apply(
	ctx context.Context, tx *sql.Tx, j job.Job, items []position,
) ([]catalog.Changed, int, error) {
	if len(items) == 0 {
		return nil, 0, nil
	}
	ids, images := make([]failures.ID, len(items)), make([]int64, len(items))
	for i, p := range items {
		ids[i], images[i] = p.id, p.id.N
	}
	if j.Kind == string(failures.Replay) { // whose set has no messages
		changed, done, err := s.replayDead(ctx, tx, images, j.RequestID)
		return changed, len(done), err
	}
	done, err := s.discardDead(ctx, tx, ids)
	return nil, len(done), err
}
