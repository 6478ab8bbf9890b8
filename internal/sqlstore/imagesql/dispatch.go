package imagesql

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
	"vitrine.dev/internal/sqldb"
)

// dispatchKey is the lock of the steps: those of one database, by any process.
const dispatchKey = 0x7669747269 // "vitri"

// DispatchStep implements dispatch.Store. Where there is one writer it looks
// before it writes: most steps find nothing to do, and a write keeps all others
// out.
func (s *Images) DispatchStep(
	ctx context.Context, life time.Duration, decide func(dispatch.Window) []dispatch.Position,
) (step dispatch.Step, err error) {
	low, err := s.bounds(ctx)
	if err != nil {
		return step, err
	}
	if s.db.OneWriter {
		idle := false
		err := s.db.WithRetry(ctx, "look for work", func(ctx context.Context) error {
			w, err := s.window(ctx, s.db.Reader, low)
			idle, step.Left = err == nil && len(decide(w)) == 0, left(w, nil)
			return err
		})
		if err != nil || idle {
			return step, err
		}
	}
	locked, err := s.db.TryAlone(ctx, "dispatch", dispatchKey, func(ctx context.Context, tx *sql.Tx) (bool, error) {
		w, err := s.window(ctx, tx, low)
		if err != nil {
			return false, err
		}
		positions := decide(w)
		if step, err = s.move(ctx, tx, life, positions); err != nil {
			return true, err
		}
		step.More, step.Left = w.More, left(w, positions)
		return len(positions) > 0, nil
	})
	step.Busy = !locked
	return step, err
}

// left reports whether any wait after the positions were taken.
func left(w dispatch.Window, positions []dispatch.Position) bool {
	n := len(w.Line) + len(w.Lost) + len(w.Due)
	for _, p := range positions {
		if p.To == media.Out {
			n--
		}
	}
	return n > 0
}

// dueAtOnce bounds what is due that a step looks at, from each end; the newest
// is what became due within so many milliseconds.
const (
	dueAtOnce = 200
	newest    = 3000
)

// window reads what a step looks at. What is due is read from both ends, so
// that a backlog of it does not hide what has just come. The limits are literals,
// since PostgreSQL would plan again for each value.
func (s *Images) window(ctx context.Context, from sqldb.Querier, low bound) (w dispatch.Window, err error) {
	type row struct {
		dispatch.Row

		flag bool // out: lost; later: among the newest
	}
	list, err := sqldb.Collect(ctx, from, func(found sqldb.Row, r *row) error {
		return found.Scan(&r.Stage, &r.ID, &r.UserID, &r.Rank, &r.Token, &r.DueAt, &r.flag)
	}, s.db.SQL(fmt.Sprintf(`
		SELECT * FROM (SELECT 2 AS stage, id, user_id, rank, 0 AS token, 0 AS due, FALSE AS flag FROM images
			WHERE stage = 2 AND rank >= $1 ORDER BY rank LIMIT %d) AS line
		UNION ALL SELECT * FROM (SELECT 3, id, user_id, rank, dispatched_until, lease_until, dispatched_until <= {now} FROM images
			WHERE stage = 3 AND dispatched_until >= $2) AS out
		UNION ALL SELECT * FROM (SELECT 0, id, user_id, 0, 0, due_at, TRUE FROM images
			WHERE stage = 0 AND due_at > {now} - %[2]d AND due_at <= {now} ORDER BY due_at DESC LIMIT %[3]d) AS newest
		UNION ALL SELECT * FROM (SELECT 0, id, user_id, 0, 0, due_at, FALSE FROM images
			WHERE stage = 0 AND due_at >= $3 AND due_at <= {now} - %[2]d ORDER BY due_at LIMIT %[3]d) AS oldest`,
		dispatch.LineWindow, newest, dueAtOnce)), low.rank, low.token, low.due)
	if err != nil {
		return w, err
	}
	ends := map[bool]int{} // what is due, by whether it is among the newest
	for _, r := range list {
		switch {
		case r.Stage == media.InLine:
			w.Line = append(w.Line, r.Row)
		case r.Stage == media.Later:
			w.Due = append(w.Due, r.Row)
			ends[r.flag]++
			w.More = w.More || ends[r.flag] == dueAtOnce
		case r.DueAt > 0: // which is the lease here
			w.Running++
		case r.flag:
			w.Lost = append(w.Lost, r.Row)
		default:
			w.Waiting++
		}
	}
	w.Last, err = s.lastRanks(ctx, from, w.Due)
	return w, err
}

// lastRanks returns the last rank of each user of the rows who has any.
func (s *Images) lastRanks(ctx context.Context, from sqldb.Querier, rows []dispatch.Row) (map[int64]int64, error) {
	last := map[int64]int64{}
	for _, r := range rows {
		last[r.UserID] = 0
	}
	users := make([][]int64, 0, len(last))
	for user := range last {
		users = append(users, []int64{user})
	}
	if clear(last); len(users) == 0 {
		return last, nil
	}
	table, args := s.db.Numbers(1, []string{"of_user"}, users)
	type ranked struct{ user, rank int64 }
	list, err := sqldb.Collect(ctx, from, func(row sqldb.Row, r *ranked) error { return row.Scan(&r.user, &r.rank) }, `
		SELECT of_user, last_rank FROM (
			SELECT of_user, (SELECT max(rank) FROM images WHERE user_id = of_user AND stage >= 2) AS last_rank FROM `+table+`) AS ranks
		WHERE last_rank IS NOT NULL`, args...)
	for _, r := range list {
		last[r.user] = r.rank
	}
	return last, err
}

// move writes what was decided.
func (s *Images) move(
	ctx context.Context, tx *sql.Tx, life time.Duration, positions []dispatch.Position,
) (step dispatch.Step, err error) {
	if len(positions) == 0 {
		return step, nil
	}
	rows := make([][]int64, len(positions))
	for i, p := range positions {
		rows[i] = []int64{p.ID, int64(p.Stage), p.Token, int64(p.To), p.NewRank}
	}
	table, args := s.db.Numbers(2, []string{"row_id", "old_stage", "old_token", "new_stage", "new_rank"}, rows)
	type moved struct {
		media.Job

		rank int64
	}
	list, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, m *moved) error {
		return row.Scan(&m.ImageID, &m.ProductID, &m.Generation, &m.RequestID, &m.Host, &m.Tried, &m.Token, &m.rank)
	}, s.db.SQL(fmt.Sprintf(dispatched, table)), append([]any{life.Milliseconds()}, args...)...)
	slices.SortFunc(list, func(a, b moved) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.ImageID, b.ImageID)) })
	for _, m := range list {
		if m.Token != 0 {
			step.Jobs, step.Last = append(step.Jobs, m.Job), max(step.Last, m.rank)
		}
	}
	return step, err
}

// ReturnJobs implements dispatch.Store.
func (s *Images) ReturnJobs(ctx context.Context, jobs []media.Job, delay time.Duration) error {
	for _, j := range jobs {
		statement, args := unpublish, []any{j.ImageID, j.ProductID, j.Generation, j.Token}
		if delay > 0 {
			statement, args = reschedule, append(args, delay.Milliseconds())
		}
		err := s.db.WriteWithRetry(ctx, "return job", func(ctx context.Context) error {
			_, err := s.db.Writer.ExecContext(ctx, s.db.SQL(statement), args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
