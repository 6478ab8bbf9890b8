package imagesql

import (
	"testing"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
)

// TestBoundAfter: a step begins above all that the one before it moved, and never above
// what that one has left, put in line or had no room to read.
func TestBoundAfter(t *testing.T) {
	t.Parallel()
	const now, life = 1_000_000, time.Minute
	row := func(id, rank int64, stage media.Stage) dispatch.Row {
		return dispatch.Row{ID: id, Rank: rank, Stage: stage, Token: rank, DueAt: rank}
	}
	line := func(n int) (rows []dispatch.Row) {
		for i := range n {
			rows = append(rows, row(int64(i), int64(100+i), media.InLine))
		}
		return rows
	}
	to := func(r dispatch.Row, stage media.Stage, rank int64) dispatch.Position {
		return dispatch.Position{Row: r, To: stage, NewRank: rank}
	}
	moved := func(rows []dispatch.Row) (d dispatch.Decision) {
		for _, r := range rows {
			d.Positions = append(d.Positions, to(r, media.Out, r.Rank))
		}
		return d
	}
	due := func(n int, at int64) (rows []dispatch.Row) {
		for i := range n {
			rows = append(rows, row(int64(i), at+int64(i), media.Later))
		}
		return rows
	}
	begin := bound{rank: [dispatch.Classes]int64{50, 7}, token: 1, due: 2}
	later, soon := now+life.Milliseconds(), int64(now-dueSlack)
	for name, c := range map[string]struct {
		w    dispatch.Window
		d    dispatch.Decision
		want bound
	}{
		"nothing there": {want: bound{rank: begin.rank, token: later, due: soon}},
		"some in line is left": {
			w: dispatch.Window{Line: [dispatch.Classes][]dispatch.Row{line(3)}}, d: moved(line(2)),
			want: bound{rank: [dispatch.Classes]int64{102, 7}, token: later, due: soon},
		},
		"none in line is left": {
			w: dispatch.Window{Line: [dispatch.Classes][]dispatch.Row{line(3)}}, d: moved(line(3)),
			want: bound{rank: [dispatch.Classes]int64{102, 7}, token: later, due: soon},
		},
		"more in line": {
			w: dispatch.Window{Line: [dispatch.Classes][]dispatch.Row{line(dispatch.LineWindow)}}, d: moved(line(dispatch.LineWindow)),
			want: bound{rank: [dispatch.Classes]int64{100 + dispatch.LineWindow - 1, 7}, token: later, due: soon},
		},
		"put in line below": {
			d:    dispatch.Decision{Positions: []dispatch.Position{to(row(1, 0, media.Parked), media.InLine, 20)}},
			want: bound{rank: [dispatch.Classes]int64{20, 7}, token: later, due: soon},
		},
		"out": {
			w: dispatch.Window{Out: []dispatch.Row{row(1, 90, media.Out), row(2, 80, media.Out)}}, d: moved([]dispatch.Row{row(2, 80, media.Out)}),
			want: bound{rank: [dispatch.Classes]int64{90, 7}, token: 90, due: soon},
		},
		"due and not moved": {
			w:    dispatch.Window{Due: due(2, now-5000)},
			want: bound{rank: begin.rank, token: later, due: now - 5000},
		},
		"more that is due": {
			w: dispatch.Window{Due: due(dispatch.DueAtOnce, now-50_000)}, d: moved(due(dispatch.DueAtOnce, 1)),
			want: bound{rank: [dispatch.Classes]int64{dispatch.DueAtOnce, 7}, token: later, due: now - 50_000 + dispatch.DueAtOnce - 1},
		},
		"more that is due, and the first of a user beyond it": {
			w: dispatch.Window{Due: append(due(dispatch.DueAtOnce, now-50_000), dispatch.Row{ID: 900, DueAt: now - 10_000, HeadOfUser: true})},
			d: moved(append(due(dispatch.DueAtOnce, 1), row(900, 1, media.Later))), want: bound{rank: [dispatch.Classes]int64{dispatch.DueAtOnce, 7}, token: later, due: now - 50_000 + dispatch.DueAtOnce - 1},
		},
		"more that has just become due": {
			w: dispatch.Window{Due: due(dispatch.DueAtOnce, now-dispatch.DueAtOnce)}, d: moved(due(dispatch.DueAtOnce, 1)),
			want: bound{rank: [dispatch.Classes]int64{dispatch.DueAtOnce, 7}, token: later, due: now - dispatch.NewestFor.Milliseconds()},
		},
	} {
		c.w.Now = now
		if got := begin.after(c.w, c.d, life); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestReturnedJobIsSeen: the next step sees a rank that came back during a step, also
// where it was not below that step's bound.
func TestReturnedJobIsSeen(t *testing.T) {
	t.Parallel()
	for _, back := range []int64{40, 50, 60} {
		s := New(nil)
		s.advance(bound{}, bound{rank: [dispatch.Classes]int64{50, 7}})
		low := s.lowest.bound
		s.lower(dispatch.Known, back)
		next := low
		next.rank[dispatch.Known] = 90
		s.advance(low, next)
		if got := s.lowest.rank; got[dispatch.Known] > back || got[dispatch.Contact] != 7 {
			t.Errorf("rank %d came back, the next step begins at %v", back, got)
		}
		s.advance(s.lowest.bound, next)
		if got := s.lowest.rank[dispatch.Known]; got != 90 {
			t.Errorf("the step after it begins at %d, want 90", got)
		}
	}
}

// TestFirstLookHasTime: as long as there are no bounds, a look takes as long as its
// caller has; those after it are given up.
func TestFirstLookHasTime(t *testing.T) {
	t.Parallel()
	var l lowest
	for _, looked := range []bool{false, true} {
		if looked {
			l.look = time.Now()
		}
		ctx, cancel := l.limited(t.Context())
		if end, limited := ctx.Deadline(); limited != looked || looked && time.Until(end) > lookTimeout {
			t.Errorf("there was a look before: %t, and it ends at %v", looked, end)
		}
		cancel()
	}
}
