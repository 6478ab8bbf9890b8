package dispatch_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
)

// windows draws what a step may see: ids are distinct, the line is in order.
func windows(rt *rapid.T) dispatch.Window {
	rows := func(stage media.Stage, label string, from, most int) []dispatch.Row {
		list := make([]dispatch.Row, rapid.IntRange(0, most).Draw(rt, label))
		for i := range list {
			list[i] = dispatch.Row{ID: int64(from + i), Stage: stage, UserID: rapid.Int64Range(1, 4).Draw(rt, "user")}
			switch stage {
			case media.Later:
				list[i].DueAt = rapid.Int64Range(0, 20).Draw(rt, "due")
			default:
				list[i].Rank = rapid.Int64Range(0, 50).Draw(rt, "rank")
			}
		}
		return list
	}
	w := dispatch.Window{
		Line: rows(media.InLine, "in line", 1000, 30), Lost: rows(media.Out, "lost", 2000, 5), Due: rows(media.Later, "due", 3000, 30),
		Floor: rapid.Int64Range(0, 20).Draw(rt, "floor"), Last: map[int64]int64{}, More: rapid.Bool().Draw(rt, "more"),
	}
	slices.SortFunc(w.Line, func(a, b dispatch.Row) int { return int(a.Rank - b.Rank) })
	for _, r := range slices.Concat(w.Line, w.Lost) {
		w.Last[r.UserID] = max(w.Last[r.UserID], r.Rank)
	}
	return w
}

// TestDecide: there is never more than room, the lowest ranks go first, a user's
// own ranks grow, and what is due is in line where more is, or stays as it is.
func TestDecide(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := windows(rt)
		room := rapid.IntRange(-3, 60).Draw(rt, "room")
		ranks, placed, out, lined := map[int64]int64{}, map[int64]bool{}, 0, 0
		for _, r := range slices.Concat(w.Line, w.Lost) {
			ranks[r.ID] = r.Rank
		}
		highest := int64(-1)
		for _, p := range dispatch.Decide(w, room) {
			if placed[p.ID] || p.To == media.InLine && (p.Stage != media.Later || !w.More) {
				rt.Fatalf("%+v is placed again, or for nothing", p)
			}
			placed[p.ID] = true
			if p.To == media.Out {
				out, highest = out+1, max(highest, p.NewRank)
				delete(ranks, p.ID)
			} else {
				lined, ranks[p.ID] = lined+1, p.NewRank
			}
			if p.Stage != media.Later && p.NewRank != p.Rank || p.Stage == media.Later && p.NewRank < w.Floor {
				rt.Fatalf("%+v has another rank (floor %d)", p, w.Floor)
			}
			if last, ranked := w.Last[p.UserID]; p.Stage == media.Later && ranked && p.NewRank <= last {
				rt.Fatalf("%+v is before its user's last, %d", p, last)
			}
		}
		if want := min(max(room, 0), len(w.Line)+len(w.Lost)+len(w.Due)); out != want {
			rt.Fatalf("%d go out, want %d", out, want)
		}
		dueOut := 0
		for _, r := range w.Due {
			if _, waits := ranks[r.ID]; placed[r.ID] && !waits {
				dueOut++
			}
		}
		if w.More && lined+dueOut != len(w.Due) {
			rt.Fatalf("%d in line and %d out, of %d that are due", lined, dueOut, len(w.Due))
		}
		if waiting := slices.Sorted(maps.Values(ranks)); len(waiting) > 0 && waiting[0] < highest {
			rt.Fatalf("rank %d waits, and %d goes", waiting[0], highest)
		}
	})
}

// TestUsersTakeTurns: whatever waits of others, a user's next job comes after at
// most one of each of them.
func TestUsersTakeTurns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		line, later := map[int64]dispatch.Row{}, map[int64]dispatch.Row{}
		more := rapid.Bool().Draw(rt, "more is due than is seen")
		var served, next int64
		last := map[int64]int64{}
		step := func(due []dispatch.Row, room int) (out []dispatch.Row) {
			for _, r := range due {
				later[r.ID] = r
			}
			w := dispatch.Window{Due: slices.Collect(maps.Values(later)), Last: maps.Clone(last), Floor: served, More: more}
			w.Line = slices.SortedFunc(maps.Values(line), func(a, b dispatch.Row) int { return int(a.Rank - b.Rank) })
			for _, p := range dispatch.Decide(w, room) {
				p.Row.Rank = p.NewRank
				last[p.UserID] = max(last[p.UserID], p.NewRank)
				delete(later, p.ID)
				if delete(line, p.ID); p.To == media.InLine {
					p.Row.Stage = media.InLine
					line[p.ID] = p.Row
					continue
				}
				out, served = append(out, p.Row), max(served, p.NewRank)
			}
			return out
		}
		arrive := func(user int64, n int) (rows []dispatch.Row) {
			for range n {
				next++
				rows = append(rows, dispatch.Row{ID: next, UserID: user})
			}
			return rows
		}
		others := rapid.IntRange(1, 5).Draw(rt, "other users")
		for user := range int64(others) {
			step(arrive(user+10, rapid.IntRange(1, 12).Draw(rt, "jobs")), 0)
		}
		step(nil, rapid.IntRange(0, 10).Draw(rt, "served before"))
		out := step(arrive(1, 1), others+1)
		if !slices.ContainsFunc(out, func(r dispatch.Row) bool { return r.UserID == 1 }) {
			rt.Fatalf("who came late is not among the next %d: %+v", others+1, out)
		}
	})
}
