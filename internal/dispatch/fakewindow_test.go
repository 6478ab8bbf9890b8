package dispatch_test

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/media"
)

// window is what a step sees, read in the order of the plan's methods.
func (s *fakeStore) window(request dispatch.Request, p dispatch.Plan) dispatch.Window {
	w := dispatch.Window{Now: time.Now().UnixMilli(), Hosts: map[string]dispatch.HostState{}, Ends: map[dispatch.Flow]int64{}}
	for _, r := range s.stages[media.Out] {
		w.Out = append(w.Out, r.Row)
	}
	inLine := sorted(s.stages[media.InLine], func(a, b *fakeRow) int { return cmp.Compare(a.Rank, b.Rank) })
	for _, r := range inLine {
		if len(w.Line[r.Class]) < dispatch.LineWindow {
			w.Line[r.Class] = append(w.Line[r.Class], r.Row)
		}
	}
	s.due(&w)
	if request.Users {
		s.dueOfUsers(&w, request.After)
	}
	for host, h := range s.hosts {
		if h.OpenUntil > 0 && h.OpenUntil <= w.Now {
			w.Woken = append(w.Woken, host)
		}
	}
	if request.Walk {
		for _, host := range slices.Sorted(maps.Keys(s.parked)) {
			if host > request.Cursor && len(w.Walked) < dispatch.WalkedAtOnce {
				w.Walked = append(w.Walked, host)
			}
		}
	}
	for class := range dispatch.Class(dispatch.Classes) {
		if p.Others(w, class) {
			heads := map[int64]bool{}
			for _, r := range inLine {
				if r.Class == class && !heads[r.UserID] && !slices.Contains(w.Line[class], r.Row) {
					w.Line[class] = append(w.Line[class], r.Row)
				}
				heads[r.UserID] = true
			}
		}
	}
	s.readHosts(&w, request.Ranks, p.Hosts(w))
	for _, a := range p.Asks(w) {
		w.Parked = append(w.Parked, s.next(a)...)
	}
	for _, flow := range p.Flows(w) {
		for _, stage := range []media.Stage{media.InLine, media.Out} {
			for _, r := range s.stages[stage] {
				if r.UserID == flow.UserID && r.Class == flow.Class {
					w.Ends[flow] = max(w.Ends[flow], r.Rank+r.Cost)
				}
			}
		}
	}
	return w
}

// due is what is due, from both ends.
func (s *fakeStore) due(w *dispatch.Window) {
	newest, oldest := map[int64]*fakeRow{}, map[int64]*fakeRow{}
	for id, r := range s.stages[media.Later] {
		switch {
		case r.DueAt > w.Now:
		case r.DueAt > w.Now-dispatch.NewestFor.Milliseconds():
			newest[id] = r
		default:
			oldest[id] = r
		}
	}
	for _, end := range [][]*fakeRow{
		sorted(newest, func(a, b *fakeRow) int { return cmp.Compare(b.DueAt, a.DueAt) }),
		sorted(oldest, func(a, b *fakeRow) int { return cmp.Compare(a.DueAt, b.DueAt) }),
	} {
		for _, r := range end[:min(len(end), dispatch.DueAtOnce)] {
			w.Due = append(w.Due, r.Row)
		}
		w.More = w.More || len(end) >= dispatch.DueAtOnce
	}
}

// dueOfUsers is what is due of each of the next users.
func (s *fakeStore) dueOfUsers(w *dispatch.Window, after int64) {
	list := sorted(s.stages[media.Later], func(a, b *fakeRow) int {
		return cmp.Or(cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.DueAt, b.DueAt))
	})
	for _, r := range list {
		if r.UserID <= after || len(w.Users) > 0 && r.UserID == w.Users[len(w.Users)-1] || len(w.Users) == dispatch.UsersAtOnce {
			continue
		}
		w.Users = append(w.Users, r.UserID)
		if r.DueAt <= w.Now && !slices.Contains(w.Due, r.Row) {
			w.Due = append(w.Due, r.Row)
		}
	}
}

func (s *fakeStore) readHosts(w *dispatch.Window, ranks int, more []string) {
	for _, r := range slices.Concat(w.Out, w.Line[0], w.Line[1], w.Due) {
		more = append(more, r.Host)
	}
	for _, host := range more {
		w.Hosts[host] = dispatch.HostState{Host: s.hosts[host]}
	}
	for _, stage := range []media.Stage{media.InLine, media.Out} {
		for _, r := range s.stages[stage] {
			if state, ok := w.Hosts[r.Host]; ok && !r.Fetched {
				state.Ranks = append(state.Ranks, r.Rank)
				w.Hosts[r.Host] = state
			}
		}
	}
	for host, state := range w.Hosts {
		slices.Sort(state.Ranks)
		state.Ranks = state.Ranks[:min(ranks, len(state.Ranks))]
		w.Hosts[host] = state
	}
}

// next is what an ask asks for.
func (s *fakeStore) next(a dispatch.Ask) (list []dispatch.Row) {
	rows := sorted(s.parked[a.Host], func(x, y *fakeRow) int {
		if a.Probe {
			due := cmp.Compare(x.DueAt, y.DueAt)
			if a.Last && !x.Tried {
				due = -due
			}
			return cmp.Or(order(x.Tried, y.Tried, false), due)
		}
		return cmp.Or(order(x.Tried, y.Tried, a.Tried), order(x.UserID <= a.After, y.UserID <= a.After, false), cmp.Compare(x.UserID, y.UserID))
	})
	for _, r := range rows[:min(a.Limit, len(rows))] {
		list = append(list, r.Row)
	}
	return list
}

// order puts what is as it is wanted first.
func order(x, y, first bool) int {
	switch {
	case x == y:
		return 0
	case x == first:
		return -1
	}
	return 1
}

func sorted(rows map[int64]*fakeRow, by func(a, b *fakeRow) int) []*fakeRow {
	list := make([]*fakeRow, 0, len(rows))
	for _, r := range rows {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *fakeRow) int { return cmp.Or(by(a, b), cmp.Compare(a.ID, b.ID)) })
	return list
}
