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
)

// AdvanceJob implements failures.Store. The job is read under a lock, so
// that of two processes that believe to hold it one waits and finds that it
// does not.
func (s *Store) AdvanceJob(
	ctx context.Context, b job.Batch,
) (j job.Job, changed []catalog.Changed, err error) {
	err = s.change(ctx, "advance dead letter job", func(ctx context.Context, tx *sql.Tx) error {
		var holder, pastID string
		var pastAt int64
		changed = nil
		j, err = scanJob(tx.QueryRowContext(ctx, s.sql(
			`SELECT`+jobColumns+`, holder, past_at, past_id FROM dead_jobs WHERE id = $1{for update}`), b.JobID).Scan,
			&holder, &pastAt, &pastID)
		if fault.KindOf(err) == fault.NotFound || err == nil && (j.State != job.Running || holder != b.Holder) {
			return fault.New(fault.Conflict, "the job has ended, or another process has taken it over")
		}
		if err != nil {
			return err
		}
		past := place{at: pastAt}
		past.id, _ = failures.ParseID(pastID)
		failed, err := failures.ReadJob(j)
		if err != nil {
			return err
		}
		next, err := nextPlaces(ctx, tx, failed, past, b.Limit)
		if err != nil {
			return err
		}
		var done int
		if changed, done, err = s.settlePlaces(ctx, tx, j, next); err != nil {
			return err
		}
		return s.keepProgress(ctx, tx, b, &j, next, int64(done))
	})
	return j, changed, err
}

// keepProgress writes how far the job has got, or that it is done.
func (s *Store) keepProgress(
	ctx context.Context, tx *sql.Tx, b job.Batch, j *job.Job, settled []place, done int64,
) (err error) {
	if len(settled) == 0 {
		*j, err = scanJob(tx.QueryRowContext(ctx, s.sql(
			`UPDATE dead_jobs SET state = 'done', finished_at = {now}, lease_until = 0 WHERE id = $1 RETURNING`+jobColumns), b.JobID).Scan)
		return err
	}
	last := settled[len(settled)-1]
	*j, err = scanJob(tx.QueryRowContext(ctx, s.sql(`
		UPDATE dead_jobs SET done = done + $2, past_at = $3, past_id = $4, lease_until = {now} + $5
		WHERE id = $1 RETURNING`+jobColumns), b.JobID, done, last.at, last.id.String(), b.Lease.Milliseconds()).Scan)
	return err
}

// place is a failures.Position as the tables have it.
type place struct {
	at int64
	id failures.ID
}

func (p place) position() failures.Position {
	return failures.Position{At: moment(p.at), ID: p.id}
}

// nextPlaces selects the next letters of the job, oldest first.
func nextPlaces(ctx context.Context, tx *sql.Tx, j failures.Job, past place, limit int) ([]place, error) {
	var next []place
	for kind, table := range deadTables(failures.Action(j.Kind), j.Filter) {
		c := table.conditions
		c.add(table.time+" <= ?", j.AsOf.UnixMilli())
		c.add(`(`+table.time+`, id) > (?, ?)`, past.at, past.position().Among(kind))
		rows, err := tx.QueryContext(ctx, fmt.Sprintf(`SELECT %[1]s, id FROM %[2]s%[3]s ORDER BY %[1]s, id LIMIT %[4]d`,
			table.time, table.name, c.where(), limit), c.args...)
		some, err := scanPlaces(rows, err, kind)
		if err != nil {
			return nil, err
		}
		next = append(next, some...)
	}
	slices.SortFunc(next, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.at, b.at), a.position().Compare(b.position()))
	})
	return next[:min(limit, len(next))], nil
}

func scanPlaces(rows *sql.Rows, err error, kind failures.Kind) ([]place, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var places []place
	for rows.Next() {
		p := place{id: failures.ID{Kind: kind}}
		if err := rows.Scan(&p.at, &p.id.N); err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	return places, rows.Err()
}

func (s *Store) settlePlaces(
	ctx context.Context, tx *sql.Tx, j job.Job, places []place,
) ([]catalog.Changed, int, error) {
	if len(places) == 0 {
		return nil, 0, nil
	}
	ids, images := make([]failures.ID, len(places)), make([]int64, len(places))
	for i, p := range places {
		ids[i], images[i] = p.id, p.id.N
	}
	if j.Kind == string(failures.Replay) { // whose set has no messages
		changed, done, err := s.replayDead(ctx, tx, images, j.RequestID)
		return changed, len(done), err
	}
	done, err := s.discardDead(ctx, tx, ids)
	return nil, len(done), err
}
