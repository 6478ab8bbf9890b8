package failuresql

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/filtered"
	"vitrine.dev/internal/job"
	"vitrine.dev/internal/sqldb"
	"vitrine.dev/internal/sqlstore/imagesql"
	"vitrine.dev/internal/sqlstore/jobsql"
)

// AdvanceJob implements failures.Store.
func (s *Failures) AdvanceJob(ctx context.Context, b job.Batch) (j job.Job, changed []catalog.Changed, err error) {
	err = s.db.InTxNotify(ctx, "advance job of failures", func(ctx context.Context, tx *sql.Tx) error {
		var past position
		var pastID string
		changed = nil
		if j, past.at, pastID, err = jobsql.Lock(ctx, s.db, tx, b); err != nil {
			return err
		}
		past.id, _ = failures.ParseID(pastID)
		failed, err := filtered.Read[failures.Filter](j)
		if err != nil {
			return err
		}
		next, err := nextItems(ctx, tx, failed, past, b.Limit)
		if err != nil {
			return err
		}
		if len(next) == 0 {
			j, err = jobsql.Finish(ctx, s.db, tx, b.JobID)
			return err
		}
		var done int
		if changed, done, err = s.apply(ctx, tx, j, next); err != nil {
			return err
		}
		last := next[len(next)-1]
		j, err = jobsql.Advance(ctx, s.db, tx, b, int64(done), last.at, last.id.String())
		return err
	})
	return j, changed, err
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
	for kind, table := range tablesOf(failures.Action(j.Kind), j.Filter) {
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

func (s *Failures) apply(
	ctx context.Context, tx *sql.Tx, j job.Job, items []position,
) ([]catalog.Changed, int, error) {
	ids, images := make([]failures.ID, len(items)), make([]int64, len(items))
	for i, p := range items {
		ids[i], images[i] = p.id, p.id.N
	}
	if j.Kind == string(failures.Replay) { // whose set has no messages
		changed, done, err := imagesql.Replay(ctx, s.db, tx, images, j.RequestID)
		return changed, len(done), err
	}
	done, err := s.discard(ctx, tx, ids)
	return nil, len(done), err
}
