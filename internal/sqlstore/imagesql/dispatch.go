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
func (s *Images) DispatchStep(ctx context.Context, r dispatch.Request, p dispatch.Plan) (step dispatch.Step, err error) {
	low, err := s.bounds(ctx)
	if err != nil {
		return step, err
	}
	if s.db.OneWriter {
		idle := false
		err := s.db.WithRetry(ctx, "look for work", func(ctx context.Context) error {
			w, err := s.window(ctx, s.db.Reader, low, r, p)
			if err != nil {
				return err
			}
			decision := p.Decide(w)
			idle, step.Left = len(decision.Positions) == 0 && len(decision.Woken) == 0, left(w, decision)
			return nil
		})
		if err != nil || idle {
			return step, err
		}
	}
	next := low
	locked, err := s.db.TryAlone(ctx, "dispatch", dispatchKey, func(ctx context.Context, tx *sql.Tx) (bool, error) {
		w, err := s.window(ctx, tx, low, r, p)
		if err != nil {
			return false, err
		}
		decision := p.Decide(w)
		if step.Jobs, err = s.move(ctx, tx, r.Life, decision.Positions); err != nil {
			return true, err
		}
		step.More, step.Left = w.More, left(w, decision)
		next = low.after(w, decision, r.Life)
		return len(decision.Positions) > 0 || len(decision.Woken) > 0, s.wakeHosts(ctx, tx, decision.Woken)
	})
	if step.Busy = !locked; err == nil {
		s.advance(low, next)
	}
	return step, err
}

// left reports whether any wait in line, or are due, after the decision.
func left(w dispatch.Window, d dispatch.Decision) bool {
	n := len(w.Due)
	for _, line := range w.Line {
		n += len(line)
	}
	for _, p := range d.Positions {
		switch waits := p.Stage == media.Later || p.Stage == media.InLine; {
		case waits && p.To != media.InLine:
			n--
		case !waits && p.To == media.InLine:
			n++
		}
	}
	return n > 0
}

// move writes what was decided, and returns the jobs of what is out in the order
// of their ranks.
func (s *Images) move(ctx context.Context, tx *sql.Tx, life time.Duration, positions []dispatch.Position) ([]media.Job, error) {
	if len(positions) == 0 {
		return nil, nil
	}
	rows := make([][]int64, len(positions))
	for i, p := range positions {
		rows[i] = []int64{p.ID, int64(p.Stage), p.Token, int64(p.To), int64(p.NewClass), p.NewRank, p.NewCost}
	}
	table, args := s.db.Numbers(2, []string{"row_id", "old_stage", "old_token", "new_stage", "new_class", "new_rank", "new_cost"}, rows)
	type row struct {
		media.Job

		rank int64
	}
	list, err := sqldb.Collect(ctx, tx, func(row sqldb.Row, m *row) error {
		return row.Scan(&m.ImageID, &m.ProductID, &m.Generation, &m.RequestID, &m.Traceparent, &m.Host, &m.Contact, &m.Token, &m.rank)
	}, s.db.SQL(fmt.Sprintf(moved, table)), append([]any{life.Milliseconds()}, args...)...)
	slices.SortFunc(list, func(a, b row) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.ImageID, b.ImageID)) })
	var jobs []media.Job
	for _, m := range list {
		if m.Token != 0 {
			jobs = append(jobs, m.Job)
		}
	}
	return jobs, err
}

// ReturnJobs implements dispatch.Store.
func (s *Images) ReturnJobs(ctx context.Context, jobs []media.Job, delay time.Duration) error {
	for _, j := range jobs {
		args := []any{j.ImageID, j.ProductID, j.Generation, j.Token}
		err := s.db.WriteWithRetry(ctx, "return job", func(ctx context.Context) error {
			if delay > 0 {
				_, err := s.db.Writer.ExecContext(ctx, s.db.SQL(reschedule), append(args, delay.Milliseconds())...)
				return err
			}
			var class dispatch.Class
			var rank int64
			err := s.db.Writer.QueryRowContext(ctx, unpublish, args...).Scan(&class, &rank)
			if err == nil {
				s.lower(class, rank)
			}
			return sqldb.NoRow(err, nil)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
